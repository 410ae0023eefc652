// Reading JSON from outside: strictly by RFC 8259, and then some.
//
// Every JSON text that a client, an upstream or a file hands us passes check_json() or read_json()
// first. Refused are, beside bad syntax: a duplicate key (two readers would see two requests), more
// than 64 levels, bytes that are no UTF-8, escapes of half a surrogate pair, numbers beyond a
// double, anything behind the document, and more values than a caller allows (what bounds the
// memory: 16 bytes a value, 48 a member, the strings apart). The grammar is Boost.JSON's
// basic_parser; the handler behind it is ours, because Boost's own keeps the last of two equal
// keys.
//
// A text that passed is walked without a tree by JsonView (base/json_view.h).
#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <string_view>

#include <retort/error.h>
#include <retort/result.h>

namespace retort::base {

struct JsonLimits {
  std::size_t depth_max = 64;                   // arrays and objects inside each other
  std::size_t values_max = 250'000;             // scalars, arrays and objects together
  bool duplicate_keys = false;                  // let them be; in a tree the last one counts
  ErrorKind kind = ErrorKind::invalid_request;  // of the errors: whose text this is
};

// Whether `text` is one JSON document within the limits. The error's message says what is wrong, at
// which byte (0-based), and for a duplicate key the object's path. Thread-safe; linear in the text
// but for sorting each object's keys; keeps nothing.
Result<void> check_json(std::string_view text, const JsonLimits& limits = {});

// The same check, and the document as a tree. Integers that fit are int64 (or uint64 above its
// range), every other number is the nearest double. An object keeps its members' order.
Result<boost::json::value> read_json(std::string_view text, const JsonLimits& limits = {});

}  // namespace retort::base
