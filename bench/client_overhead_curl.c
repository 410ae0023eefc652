/* The floor that libretort is measured against (client_overhead.py): libcurl's easy interface, one
 * handle, a callback that finds where events end and does nothing with them.
 *
 *   client_overhead_curl URL stream|call COUNT
 *
 * Prints one line of JSON: what was counted, and the processor time it took, in microseconds. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const char kBody[] =
    "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello!\"}]";

struct Answer {
  long bytes;
  long events;
  int line_is_empty;
};

static size_t on_write(char* data, size_t size, size_t count, void* user) {
  struct Answer* answer = user;
  for (size_t i = 0; i < size * count; ++i) {
    if (data[i] == '\n' && answer->line_is_empty) ++answer->events;
    answer->line_is_empty = data[i] == '\n';
  }
  answer->bytes += (long)(size * count);
  return size * count;
}

static double processor_microseconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return 1e6 * (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* One answer; the count of its events is on the path. */
static void ask(CURL* curl, const char* url, int is_stream, long events, struct Answer* answer) {
  char path[512];
  char body[256];
  snprintf(path, sizeof path, "%s/%ld/v1/chat/completions", url, events);
  snprintf(body, sizeof body, "%s%s}", kBody, is_stream ? ",\"stream\":true" : "");
  curl_easy_setopt(curl, CURLOPT_URL, path);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, -1L);
  curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
  if (curl_easy_perform(curl) != CURLE_OK) {
    fprintf(stderr, "the server at %s does not answer\n", path);
    exit(1);
  }
}

int main(int argc, char** argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: client_overhead_curl URL stream|call COUNT\n");
    return 2;
  }
  const int is_stream = strcmp(argv[2], "stream") == 0;
  const long count = strtol(argv[3], NULL, 10);
  struct Answer answer = {0, 0, 0};
  curl_global_init(CURL_GLOBAL_DEFAULT);
  CURL* curl = curl_easy_init();
  struct curl_slist* fields = curl_slist_append(NULL, "Content-Type: application/json");
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields);
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_write);
  ask(curl, argv[1], is_stream, 10, &answer); /* connected, warm */
  answer.events = 0;
  const double before = processor_microseconds();
  if (is_stream) {
    ask(curl, argv[1], 1, count, &answer);
  } else {
    for (long i = 0; i < count; ++i) ask(curl, argv[1], 0, 0, &answer);
  }
  const double took = processor_microseconds() - before;
  printf("{\"count\":%ld,\"cpu_us\":%.1f}\n", is_stream ? answer.events - 1 : count, took);
  curl_slist_free_all(fields);
  curl_easy_cleanup(curl);
  return 0;
}
