#include "base/metrics.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <thread>
#include <vector>

namespace retort::base {
namespace {

// The format's own example (prometheus.io, exposition formats), as far as it has our kinds.
TEST(Metrics, RendersTheExpositionFormat) {
  Metrics metrics;
  metrics
      .counter("http_requests_total", "The total number of HTTP requests.",
               {{"method", "post"}, {"code", "200"}})
      .add(1027);
  metrics.counter("http_requests_total", "", {{"method", "post"}, {"code", "400"}}).add(3);
  metrics.gauge("temperature", "").set(-12.5);
  Histogram& histogram = metrics.histogram("latency_seconds", "A histogram.", {0.1, 1});
  for (const double seconds : {0.05, 0.1, 0.5, 7.0}) histogram.observe(seconds);
  EXPECT_EQ(metrics.render(),
            "# HELP http_requests_total The total number of HTTP requests.\n"
            "# TYPE http_requests_total counter\n"
            "http_requests_total{method=\"post\",code=\"200\"} 1027\n"
            "http_requests_total{method=\"post\",code=\"400\"} 3\n"
            "# HELP latency_seconds A histogram.\n"
            "# TYPE latency_seconds histogram\n"
            "latency_seconds_bucket{le=\"0.1\"} 2\n"
            "latency_seconds_bucket{le=\"1\"} 3\n"
            "latency_seconds_bucket{le=\"+Inf\"} 4\n"
            "latency_seconds_sum 7.65\n"
            "latency_seconds_count 4\n"
            "# HELP temperature \n"
            "# TYPE temperature gauge\n"
            "temperature -12.5\n");
}

TEST(Metrics, EscapesWhatWouldEndALine) {
  Metrics metrics;
  metrics.counter("a", "one\\two\nthree \"four\"", {{"path", "C:\\DIR\"x\"\n"}}).add();
  EXPECT_EQ(metrics.render(),
            "# HELP a one\\\\two\\nthree \"four\"\n"
            "# TYPE a counter\n"
            "a{path=\"C:\\\\DIR\\\"x\\\"\\n\"} 1\n");
}

TEST(Metrics, WritesUnusualNumbersAsTheFormatSays) {
  Metrics metrics;
  metrics.gauge("a", "").set(std::numeric_limits<double>::infinity());
  metrics.gauge("b", "").set(std::numeric_limits<double>::quiet_NaN());
  metrics.gauge("c", "").set(1e21);
  const std::string text = metrics.render();
  EXPECT_NE(text.find("\na +Inf\n"), std::string::npos);
  EXPECT_NE(text.find("\nb NaN\n"), std::string::npos);
  EXPECT_NE(text.find("\nc 1e+21\n"), std::string::npos);
}

TEST(Metrics, LabelsCannotGrowAFamilyWithoutEnd) {
  Metrics metrics(3);
  for (int i = 0; i < 100; ++i) metrics.counter("a", "", {{"who", std::to_string(i)}}).add();
  EXPECT_EQ(metrics.counter("a", "", {{"who", "1"}}).value(), 1);
  EXPECT_EQ(metrics.counter("a", "", {{"who", "77"}}).value(), 97);
  EXPECT_NE(metrics.render().find("a{who=\"other\"} 97\n"), std::string::npos);
}

TEST(Metrics, AnotherKindOfTheSameNameIsNotRendered) {
  Metrics metrics;
  metrics.counter("a", "").add();
  metrics.gauge("a", "").set(5);
  EXPECT_EQ(metrics.render(), "# HELP a \n# TYPE a counter\na 1\n");
}

TEST(Metrics, LosesNoCountBetweenThreads) {
  Metrics metrics;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&metrics] {
      for (int j = 0; j < 5000; ++j) {
        metrics.counter("a", "", {{"x", "y"}}).add();
        metrics.histogram("h", "", {1}).observe(0.5);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(metrics.counter("a", "", {{"x", "y"}}).value(), 20000);
  EXPECT_EQ(metrics.histogram("h", "", {1}).bucket(0), 20000u);
  EXPECT_EQ(metrics.histogram("h", "", {1}).sum(), 10000);
}

}  // namespace
}  // namespace retort::base
