// The evaluator: runs a parsed template on variables. ChatTemplate::render is its one caller.
#pragma once

#include "text/jinja_parser.h"
#include "text/jinja_run.h"

namespace retort::text::jinja {

// Renders into `out`. What went wrong, if anything, is in `run`.
void evaluate(const Program& program, const Value& variables, Run& run, TextBuilder& out);

}  // namespace retort::text::jinja
