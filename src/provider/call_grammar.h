// The grammar of tool calls in the form that a model writes them: what holds a forced call, and the
// rest of a call that a model has begun by itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "grammar/constraint.h"
#include "grammar/grammar.h"
#include "text/tool_call_parser.h"

namespace retort::provider {

// A function that may be called, and the rule of the JSON object of its arguments.
struct CallableFunction {
  std::string name;
  grammar::RuleId arguments = 0;
};

struct CallCount {
  bool several = true;  // more than one call in an answer
};

// One call or several of `functions` (at least one), marks and all.
grammar::RuleId add_calls(grammar::GrammarBuilder& builder, const text::ToolCallFormat& format,
                          const std::vector<CallableFunction>& functions, CallCount count);

// The words by which a call is known to begin, and the rule of what follows them.
struct CallBeginning {
  std::string text;
  bool at_start = false;  // only at the beginning of the answer
  grammar::RuleId rest = 0;
};
std::vector<CallBeginning> add_call_beginnings(grammar::GrammarBuilder& builder,
                                               const text::ToolCallFormat& format,
                                               const std::vector<CallableFunction>& functions,
                                               CallCount count);

}  // namespace retort::provider
