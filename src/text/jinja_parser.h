// The syntax tree of a template, and the parser that makes it, after jinja2/parser.py and
// idtracking.py of Jinja2 3.1. ChatTemplate::parse calls it, jinja_eval.cc runs the tree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/chat_template.h"
#include "text/jinja_lexer.h"
#include "text/jinja_run.h"
#include "text/jinja_value.h"

namespace retort::text::jinja {

// A variable's name, as an index into Program::names.
using Symbol = std::uint32_t;

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

struct Expr {
  enum class Kind : std::uint8_t {
    constant,     // value
    name,         // symbol; also an assignment's target
    member,       // symbol . name, as an assignment's target only
    attribute,    // operands[0] . name
    item,         // operands[0] [ operands[1] ]
    slice,        // operands[0] [ operands[1] : operands[2] : operands[3] ], null where absent
    tuple,        // operands; also an assignment's target
    list,         // operands
    dict,         // operands: key, value, key, value ...
    logical_not,  // operands[0]
    negative,
    positive,
    arithmetic,  // operands[0] ops[0] operands[1]
    compare,     // operands[0] ops[0] operands[1] ops[1] operands[2] ...
    both,        // and
    either,      // or
    concat,      // operands joined by ~
    condition,   // operands: test, then, otherwise (or null)
    filter,      // operands[0] (null in a filter block) | name (arguments)
    test,        // operands[0] is name (arguments)
    call         // operands[0] (arguments)
  };

  Kind kind = Kind::constant;
  std::size_t line = 1;
  std::size_t depth = 1;  // 1 + the deepest operand's
  Value value;
  Symbol symbol = 0;
  std::string name;
  std::vector<Operator> ops;
  std::vector<ExprPtr> operands;
  // Arguments of filter, test and call.
  std::vector<ExprPtr> arguments;
  std::vector<std::pair<std::string, ExprPtr>> named;
  ExprPtr star;       // *list
  ExprPtr star_star;  // **dict
  FilterFunction filter = nullptr;
  TestFunction test = nullptr;
};

// The variables of one scope, and what each is when the scope is entered.
struct Frame {
  enum class Entry : std::uint8_t {
    parameter,  // set by whoever enters
    inherited,  // the value that the name has outside
    missing     // undefined, whatever the name is outside (Jinja2's rule for names that are set)
  };
  struct Slot {
    Symbol symbol;
    Entry entry;
  };
  std::vector<Slot> slots;  // by symbol
};

struct Stmt;
using Body = std::vector<std::unique_ptr<Stmt>>;

struct Stmt {
  enum class Kind : std::uint8_t {
    output,        // exprs
    assign,        // target = exprs[0]
    assign_block,  // target = body, through filter exprs[0] if there
    branch,        // if: exprs are the tests, bodies theirs, one body more is the else
    loop,          // for target in exprs[0] if exprs[1] (or null): body, bodies[0] the else
    macro,         // symbol(parameters): body
    call_block,    // exprs[0] a call; parameters, body
    filter_block,  // exprs[0] a filter; body
    with,          // parameters = exprs: body
    block,         // body
    generation,    // body
    loop_break,
    loop_continue,
    refused  // name: why it cannot run
  };

  Kind kind = Kind::output;
  std::size_t line = 1;
  ExprPtr target;
  std::vector<ExprPtr> exprs;
  std::vector<Body> bodies;
  Body body;
  std::string name;
  Symbol symbol = 0;
  bool recursive = false;
  // Of macro and call_block. The last defaults.size() parameters have defaults.
  std::vector<Symbol> parameters;
  std::vector<ExprPtr> defaults;
  bool takes_caller = false;  // the body names `caller`, `kwargs`, `varargs`
  bool takes_named = false;
  bool takes_rest = false;
  Frame frame;       // of body
  Frame else_frame;  // of a loop's else
  Frame test_frame;  // of a loop's filter
};

// A parsed template.
struct Program {
  std::string name;
  std::string source;
  std::vector<std::string> names;  // by Symbol
  std::vector<bool> loaded;        // by Symbol: whether the template reads it
  Body body;
  Frame frame;
  Symbol loop = 0, caller = 0, named = 0, rest = 0;  // "loop", "caller", "kwargs", "varargs"
};

// Parses `program.source` into the rest of `program`, scopes resolved.
bool parse_program(Program& program, const ParseLimits& limits, SyntaxError& error);

// Fills the frames of a parsed program and checks what Jinja2's compiler checks: unknown filters
// and tests, break outside a loop, assignment to `loop`. (jinja_scope.cc)
bool resolve_scopes(Program& program, SyntaxError& error);

}  // namespace retort::text::jinja
