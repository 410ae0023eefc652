#include "grammar/format.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "grammar/spelling.h"

namespace retort::grammar {
namespace {

class Format {
 public:
  explicit Format(std::string_view name) : expression_(*compile_format(pool_, name)) {}
  bool has(std::string_view text) { return pool_.matches(expression_, json_spelling(text)); }
  bool has_spelled(std::string_view text) { return pool_.matches(expression_, text); }

 private:
  ExpressionPool pool_;
  Expression expression_;
};

void expect(std::string_view format, bool valid, const std::vector<std::string>& texts) {
  Format of(format);
  for (const std::string& text : texts) EXPECT_EQ(of.has(text), valid) << format << ": " << text;
}

std::string two(int value) {
  return (value < 10 ? "0" : "") + std::to_string(value);
}

TEST(Format, OthersAreNotKnown) {
  ExpressionPool pool;
  for (const char* name : {"", "Date", "regex", "idn-email", "uri-reference", "iri"}) {
    EXPECT_FALSE(compile_format(pool, name)) << name;
  }
}

TEST(Format, DaysAreThoseOfTheirMonths) {
  Format date("date");
  const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (const int year :
       {1600, 1700, 1900, 1999, 2000, 2004, 2010, 2012, 2023, 2024, 2096, 2100, 2400, 9996}) {
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    for (int month = 0; month <= 13; ++month) {
      for (int day = 0; day <= 32; ++day) {
        const bool valid = month >= 1 && month <= 12 && day >= 1 &&
                           day <= days[month - 1] + (month == 2 && leap ? 1 : 0);
        const std::string text = std::to_string(year) + "-" + two(month) + "-" + two(day);
        ASSERT_EQ(date.has(text), valid) << text;
      }
    }
  }
  expect("date", false,
         {"", "2024-1-1", "24-01-01", "2024/01/01", "20240101", "2024-01-01T", " 2024-01-01"});
}

TEST(Format, LeapSecondsEndADayInUtc) {
  Format time("time");
  for (int local = 0; local < 24 * 60; ++local) {
    const std::string clock = two(local / 60) + ":" + two(local % 60) + ":60";
    ASSERT_EQ(time.has(clock + "Z"), local == 23 * 60 + 59) << clock;
    for (int offset = 0; offset < 24 * 60; offset += offset % 97 == 0 ? 7 : 11) {
      for (const int sign : {1, -1}) {
        const int utc = (local - sign * offset + 2 * 24 * 60) % (24 * 60);
        const std::string text =
            clock + (sign > 0 ? "+" : "-") + two(offset / 60) + ":" + two(offset % 60);
        ASSERT_EQ(time.has(text), utc == 23 * 60 + 59) << text;
      }
    }
  }
}

TEST(Format, Times) {
  expect("time", true,
         {"00:00:00Z", "23:59:59z", "08:30:06.283185Z", "12:00:00+23:59", "12:00:00-00:00",
          "01:29:60+01:30", "23:29:60+23:30", "15:59:60-08:00", "00:29:60-23:30", "23:59:60.5Z"});
  expect("time", false,
         {"", "24:00:00Z", "12:60:00Z", "12:00:61Z", "12:00:00", "12:00:00.Z", "12:00Z",
          "12:00:00+24:00", "12:00:00+00:60", "12:00:00+0000", "8:3:6Z", "23:59:60+01:00",
          "22:59:60Z", "12:00:00 Z", "08:30:06 PST"});
  expect("date-time", true,
         {"1963-06-19T08:30:06.283185Z", "1985-04-12t23:20:50.52z", "1990-12-31T15:59:60.123-08:00",
          "1998-12-31T23:59:60Z"});
  expect("date-time", false,
         {"1963-06-19", "1963-06-19 08:30:06Z", "1990-02-31T15:59:59Z", "1998-12-31T23:58:60Z",
          "2013-350T01:01:01", "1963-06-19T08:30:06"});
}

TEST(Format, Durations) {
  expect("duration", true,
         {"P4DT12H30M5S", "P4Y", "PT0S", "P0D", "P1M", "PT1M", "PT36H", "P1DT12H", "P2W",
          "P1Y2M3DT4H5M6S", "P1Y2M", "PT1H2M", "PT2M3S", "P1YT1S"});
  expect("duration", false,
         {"", "P", "PT", "P1YT", "P1D2H", "P2D1Y", "P2S", "PT1D", "4DT12H30M5S", "P1Y2W", "P1WT1H",
          "P1", "P1.5D", "P1Y3D", "PT1H3S", "P1DT", "p1D", "P-1D", "PT1H 2M"});
}

TEST(Format, AddressesAreThoseThatTheSystemReads) {
  Format four("ipv4"), six("ipv6");
  const std::vector<std::string> parts = {":",         "::",       "0",       "1",   "abcd",
                                          "FFFF",      "12345",    "1.2.3.4", "255", ".",
                                          "256.1.1.1", "01.2.3.4", ":1",      "g"};
  std::mt19937 random(3);
  const auto judge = [&](const std::string& text) {
    unsigned char bytes[16];
    ASSERT_EQ(four.has(text), inet_pton(AF_INET, text.c_str(), bytes) == 1) << text;
    ASSERT_EQ(six.has(text), inet_pton(AF_INET6, text.c_str(), bytes) == 1) << text;
  };
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    const unsigned count = random() % 14;
    for (unsigned i = 0; i < count; ++i) text += parts[random() % parts.size()];
    judge(text);
  }
  // Close to valid: groups with a :: or none, and an IPv4 tail or none.
  for (unsigned before = 0; before <= 9; ++before) {
    for (unsigned after = 0; after <= 9; ++after) {
      std::string head, tail;
      for (unsigned i = 0; i < before; ++i) head += (i > 0 ? ":" : "") + std::to_string(i);
      for (unsigned i = 0; i < after; ++i) tail += (i > 0 ? ":f" : "f") + std::to_string(i);
      for (const char* between : {"::", ":", ":::"}) {
        judge(head + between + tail);
        judge(head + between + tail + ":1.2.3.4");
        judge(head + between + tail + "1.2.3.4");
      }
    }
  }
  for (int octet = 0; octet < 300; ++octet) judge("1." + std::to_string(octet) + ".0.12");
  for (const char* text : {"127.1", "1.2.3.4.5", "1.2.3.04", "0x7f.0.0.1", " 1.2.3.4"}) judge(text);
}

TEST(Format, Hostnames) {
  const std::string label(63, 'a'), long_label(64, 'a');
  const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'b');
  expect("hostname", true,
         {"www.example.com", "h0stn4me", "1host", "a", "a-b", "a--b", "ab", "a1b",
          "xn--4gbwdl.xn--wgbh1c", "4.example", label, label + ".a", longest});
  expect("hostname", false,
         {"", "-a", "a-", "a.-b.c", "a..b", ".a", "a.", "a_b", "a b", "é", "ab--c", long_label,
          longest + "b", "http://a", "xn--"});
}

TEST(Format, Emails) {
  expect("email", true,
         {"joe.bloggs@example.com", "te~st@example.com", "~test@example.com", "a@b",
          "\"joe bloggs\"@example.com", "\"joe..bloggs\"@example.com", "\"joe@bloggs\"@example.com",
          "\"a\\\"b\\\\\"@c.d", "j@[127.0.0.1]", "j@[IPv6:::1]", std::string(64, 'a') + "@b.c",
          "\"\"@b.c"});
  expect("email", false,
         {"", "2962", "@b", "a@", ".test@example.com", "test.@example.com", "te..st@example.com",
          "a b@c.d", "joe.bloggs@invalid=domain.com", "joe.bloggs@[127.0.0.300]", "a@b@c",
          std::string(65, 'a') + "@b.c", "\"a\"b\"@c.d", "\"@c.d", "a\"b\"@c.d", "j@[::1]"});
  EXPECT_TRUE(Format("email").has_spelled("\\\"a b\\\"@c.d"));
  EXPECT_FALSE(Format("email").has_spelled("\"a b\"@c.d"));
}

TEST(Format, Uuids) {
  expect("uuid", true,
         {"2EB8AA08-AA98-11EA-B4AA-73B441D16380", "2eb8aa08-AA98-11ea-B4Aa-73B441D16380",
          "00000000-0000-0000-0000-000000000000"});
  expect("uuid", false,
         {"", "2eb8aa08-aa98-11ea-b4aa-73b441d1638", "2eb8aa08aa9811eab4aa73b441d16380",
          "2eb8aa08-aa98-11ea-b4ga-73b441d16380", "2eb8-aa08-aa98-11ea-b4aa73b44-1d16380",
          "{2eb8aa08-aa98-11ea-b4aa-73b441d16380}"});
}

TEST(Format, Uris) {
  expect("uri", true,
         {"http://foo.bar/?baz=qux#quux", "http://foo.com/blah_(wikipedia)_blah#cite-1",
          "http://foo.bar/?q=Test%20URL-encoded%20stuff", "http://xn--nw2a.xn--j6w193g/",
          "http://-.~_!$&'()*+,;=:%40:80%2f::::::@example.com", "http://223.255.255.254",
          "ftp://ftp.is.co.za/rfc/rfc1808.txt", "ldap://[2001:db8::7]/c=GB?objectClass?one",
          "mailto:John.Doe@example.com", "news:comp.infosystems.www.servers.unix",
          "tel:+1-816-555-1212", "urn:oasis:names:tc:DocBook:dtd:xml:4.1.2",
          "http://example.com:8080/", "file:///etc/hosts", "a:", "a:/", "http://[v1.a:b]/"});
  expect("uri", false,
         {"",
          "//foo.bar/?baz=qux#quux",
          "/abc",
          "\\\\WINDOWS\\fileshare",
          "abc",
          "http:// shouldfail.com",
          ":// should fail",
          "bar,baz:foo",
          "https://[@example.org/test.txt",
          "https://example.org/foobar\\.txt",
          "https://example.org/foobar<>.txt",
          "https://example.org/foobar{}.txt",
          "https://example.org/foobar^.txt",
          "https://example.org/foo`bar.txt",
          "https://example.org/foo bar",
          "http://a/%zz",
          "http://a/%4",
          "1a:b",
          "http://a:b",
          "http://é.com",
          "http://[1.2.3.4]/",
          "a:b#c#d"});
}

TEST(Format, DoesNotLetQuotesThrough) {
  for (const char* name : {"date-time", "date", "time", "duration", "email", "hostname", "ipv4",
                           "ipv6", "uuid", "uri"}) {
    Format format(name);
    for (const char* text : {"\"", "a\"", "http://a\"", "a\nb", "\\u0061"}) {
      EXPECT_FALSE(format.has_spelled(text)) << name;
    }
  }
}

TEST(Format, AgreesWithTheJsonSchemaTestSuite) {
  const auto path = std::filesystem::path(RETORT_SHARED_DIR) / "data" / "json_schema_suite.jsonl";
  std::ifstream file(path);
  if (!file) GTEST_SKIP() << "no " << path;
  std::string line;
  int judged = 0;
  while (std::getline(file, line)) {
    const boost::json::object test = boost::json::parse(line).as_object();
    const auto* schema = test.at("schema").if_object();
    const auto* name = schema ? schema->if_contains("format") : nullptr;
    if (!name || !test.at("data").is_string()) continue;
    ExpressionPool pool;
    const auto compiled = compile_format(pool, std::string_view(name->as_string()));
    if (!compiled) continue;
    ++judged;
    EXPECT_EQ(pool.matches(*compiled, json_spelling(std::string_view(test.at("data").as_string()))),
              test.at("valid").as_bool())
        << test.at("id").as_string();
  }
  EXPECT_GT(judged, 20);
}

}  // namespace
}  // namespace retort::grammar
