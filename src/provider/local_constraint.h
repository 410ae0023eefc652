// What of a request binds the answer's form: response_format, guided_*, and the tools that may or
// must be called; and the constraint that holds the engine to it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <retort/chat.h>
#include <retort/result.h>

#include "grammar/constraint.h"
#include "grammar/schema_validator.h"
#include "provider/local_model.h"

namespace retort::provider {

struct LocalConstraint {
  std::optional<grammar::Constraint> constraint;  // none: the answer is free
  // Judges the finished content once more; null where there is nothing to judge.
  std::shared_ptr<const grammar::SchemaValidator> validator;
  // Judges the arguments of a finished call once more, by the function's name.
  std::map<std::string, std::shared_ptr<const grammar::SchemaValidator>> call_validators = {};
};

// `tools` are those that the prompt offers; where the prompt ends `in_reasoning`, what binds the
// whole answer binds what follows the thinking. Compiles what the model has not compiled before:
// may take milliseconds. Errors are invalid_request, name the field and, of a schema, pointer and
// keyword. Thread-safe.
Result<LocalConstraint> read_constraint(const LocalModel& model, const ChatRequest& request,
                                        const ToolChoice& choice,
                                        const std::vector<FunctionDefinition>& tools,
                                        bool in_reasoning);

}  // namespace retort::provider
