// The evaluator: statements, expressions, scopes, loops and macros.
#include <algorithm>
#include <map>
#include <utility>

#include "text/jinja_parser.h"
#include "text/jinja_run.h"

namespace retort::text::jinja {
namespace {

// The variables of one entered scope. A slot without a value is undefined ("missing" in Jinja2).
struct Scope {
  Scope(const Frame& f, Scope* p) : frame(f), parent(p), slots(f.slots.size()) {}

  std::optional<Value>* find(Symbol symbol) {
    const auto& names = frame.slots;
    const auto found = std::lower_bound(
        names.begin(), names.end(), symbol,
        [](const Frame::Slot& slot, Symbol wanted) { return slot.symbol < wanted; });
    if (found == names.end() || found->symbol != symbol) return nullptr;
    return &slots[static_cast<std::size_t>(found - names.begin())];
  }

  const Frame& frame;
  Scope* parent;
  std::vector<std::optional<Value>> slots;
  bool captured = false;  // a macro refers to it
};

class Evaluator {
 public:
  Evaluator(const Program& program, const Value& variables, Run& run)
      : program_(program), variables_(variables), run_(run) {
    for (const std::string& name : run.options().trusted_variables) {
      const Mapping* all = variables.mapping();
      const Value* value = all == nullptr ? nullptr : all->find(name);
      if (value != nullptr && value->is_text()) {
        trusted_.emplace(name, Value::literal(value->text()->bytes()));
      }
    }
  }

  void run(TextBuilder& out) {
    Scoped root(*this, program_.frame, nullptr);
    root_ = &*root;
    exec(program_.body, *root, out);
  }

 private:
  enum class Flow : std::uint8_t { next, loop_break, loop_continue };

  // An entered scope; when left it is kept if a macro still refers to it.
  class Scoped {
   public:
    Scoped(Evaluator& evaluator, const Frame& frame, Scope* parent)
        : evaluator_(evaluator), scope_(std::make_unique<Scope>(frame, parent)) {
      evaluator.enter(*scope_);
    }
    ~Scoped() {
      if (scope_->captured) evaluator_.kept_.push_back(std::move(scope_));
    }
    Scoped(const Scoped&) = delete;
    Scoped& operator=(const Scoped&) = delete;
    Scope& operator*() { return *scope_; }
    Scope* operator->() { return scope_.get(); }

   private:
    Evaluator& evaluator_;
    std::unique_ptr<Scope> scope_;
  };

  // -------------------------------------------------------------------------------------- names

  void enter(Scope& scope) {
    const auto& slots = scope.frame.slots;
    if (!run_.step(1 + slots.size()) || !run_.charge(slots.size() * sizeof(Value))) return;
    for (std::size_t i = 0; i < slots.size(); ++i) {
      if (slots[i].entry == Frame::Entry::inherited) {
        scope.slots[i] = find(slots[i].symbol, scope.parent);
      }
    }
  }

  // The value a name has, seen from `scope`; nothing where it is undefined.
  std::optional<Value> find(Symbol symbol, Scope* scope) {
    for (; scope != nullptr; scope = scope->parent) {
      if (const auto* slot = scope->find(symbol)) return *slot;
    }
    const std::string& name = program_.names[symbol];
    if (const auto trusted = trusted_.find(name); trusted != trusted_.end()) return trusted->second;
    if (const Mapping* all = variables_.mapping()) {
      if (const Value* value = all->find(name)) return *value;
    }
    Value global = find_global(run_, name);
    if (global.is_undefined()) return std::nullopt;
    return global;
  }

  Value load(Symbol symbol, Scope& scope) {
    if (auto value = find(symbol, &scope)) return *std::move(value);
    return run_.missing_variable(program_.names[symbol]);
  }

  void store(Symbol symbol, Scope& scope, Value value) {
    for (Scope* at = &scope; at != nullptr; at = at->parent) {
      if (auto* slot = at->find(symbol)) {
        *slot = std::move(value);
        return;
      }
    }
  }

  // Jinja2 checks all members of a target before it assigns any.
  bool members_are_namespaces(const Expr& target, Scope& scope) {
    if (target.kind == Expr::Kind::member &&
        load(target.symbol, scope).object(Object::Kind::name_space) == nullptr) {
      run_.fail("cannot assign attribute on non-namespace object");
      return false;
    }
    return std::all_of(target.operands.begin(), target.operands.end(),
                       [&](const ExprPtr& part) { return members_are_namespaces(*part, scope); });
  }

  void assign(const Expr& target, Scope& scope, const Value& value) {
    if (run_.failed()) return;
    if (target.kind == Expr::Kind::name) return store(target.symbol, scope, value);
    if (target.kind == Expr::Kind::member) {
      const Value owner = load(target.symbol, scope);
      auto* space = static_cast<Namespace*>(owner.object(Object::Kind::name_space));
      if (space != nullptr && run_.step(1 + space->attributes.size() / 16)) {
        space->set(target.name, value);
      }
      return;
    }
    const auto& parts = target.operands;
    if (!is_iterable(value)) {
      run_.fail(cat("cannot unpack non-iterable ", type_name(value), " object"));
      return;
    }
    List items;
    const auto source = iterate(run_, value);
    for (Value item; items.size() <= parts.size() && source->next(run_, item);) {
      items.push_back(std::move(item));
    }
    if (items.size() > parts.size()) {
      run_.fail(cat("too many values to unpack (expected ", std::to_string(parts.size()), ")"));
    } else if (items.size() < parts.size()) {
      run_.fail(cat("not enough values to unpack (expected ", std::to_string(parts.size()),
                    ", got ", std::to_string(items.size()), ")"));
    }
    for (std::size_t i = 0; i < parts.size() && !run_.failed(); ++i) {
      assign(*parts[i], scope, items[i]);
    }
  }

  // ---------------------------------------------------------------------------------- statements

  void append(TextBuilder& out, const Text& text) {
    if (!run_.charge(text.size())) return;
    out.append(text);
    if (out.size() > run_.options().limits.output_bytes_max) {
      run_.limit(cat("more than ", std::to_string(run_.options().limits.output_bytes_max),
                     " bytes of text (output_bytes_max)"));
    }
  }

  void append(TextBuilder& out, const Value& value) {
    if (!run_.failed()) append(out, value.is_text() ? *value.text() : to_text(run_, value));
  }

  Flow exec(const Body& body, Scope& scope, TextBuilder& out) {
    const Depth depth(run_);
    if (!depth.ok()) return Flow::next;
    for (const auto& node : body) {
      const Flow flow = exec(*node, scope, out);
      if (flow != Flow::next || run_.failed()) return flow;
    }
    return Flow::next;
  }

  Flow exec(const Stmt& node, Scope& scope, TextBuilder& out) {
    if (!run_.step()) return Flow::next;
    run_.at_line(node.line);
    switch (node.kind) {
      case Stmt::Kind::output:
        for (const ExprPtr& expr : node.exprs) append(out, eval(*expr, scope));
        break;
      case Stmt::Kind::assign:
        exec_assign(node, scope);
        break;
      case Stmt::Kind::assign_block:
        exec_assign_block(node, scope);
        break;
      case Stmt::Kind::branch:
        return exec_branch(node, scope, out);
      case Stmt::Kind::loop:
        return exec_loop(node, scope, out);
      case Stmt::Kind::macro:
        store(node.symbol, scope, make_macro(node, scope, node.name));
        break;
      case Stmt::Kind::call_block: {
        const Value caller = make_macro(node, scope, "");
        append(out, eval_call(*node.exprs[0], scope, &caller));
        break;
      }
      case Stmt::Kind::filter_block: {
        Scoped inner(*this, node.frame, &scope);
        const Value body = exec_to_text(node.body, *inner);
        append(out, eval_filter(*node.exprs[0], *inner, &body));
        break;
      }
      case Stmt::Kind::with:
        exec_with(node, scope, out);
        break;
      case Stmt::Kind::block:
      case Stmt::Kind::generation: {
        Scoped inner(*this, node.frame, node.kind == Stmt::Kind::block ? root_ : &scope);
        exec(node.body, *inner, out);
        break;
      }
      case Stmt::Kind::loop_break:
        return Flow::loop_break;
      case Stmt::Kind::loop_continue:
        return Flow::loop_continue;
      case Stmt::Kind::refused:
        run_.fail(node.name);
        break;
    }
    return Flow::next;
  }

  Value exec_to_text(const Body& body, Scope& scope) {
    TextBuilder out;
    exec(body, scope, out);
    return run_.text(std::move(out));
  }

  void exec_assign(const Stmt& node, Scope& scope) {
    if (!members_are_namespaces(*node.target, scope)) return;
    assign(*node.target, scope, eval(*node.exprs[0], scope));
  }

  void exec_assign_block(const Stmt& node, Scope& scope) {
    Scoped inner(*this, node.frame, &scope);
    Value value = exec_to_text(node.body, *inner);
    if (node.exprs[0] != nullptr) value = eval_filter(*node.exprs[0], *inner, &value);
    if (!run_.failed() && members_are_namespaces(*node.target, scope)) {
      assign(*node.target, scope, value);
    }
  }

  Flow exec_branch(const Stmt& node, Scope& scope, TextBuilder& out) {
    std::size_t chosen = 0;
    while (chosen < node.exprs.size() && !truth(eval(*node.exprs[chosen], scope))) {
      if (run_.failed()) return Flow::next;
      ++chosen;
    }
    if (run_.failed() || chosen >= node.bodies.size()) return Flow::next;
    return exec(node.bodies[chosen], scope, out);
  }

  void exec_with(const Stmt& node, Scope& scope, TextBuilder& out) {
    List values;
    for (const ExprPtr& expr : node.exprs) values.push_back(eval(*expr, scope));
    Scoped inner(*this, node.frame, &scope);
    for (std::size_t i = 0; i < values.size(); ++i) {
      store(node.parameters[i], *inner, std::move(values[i]));
    }
    exec(node.body, *inner, out);
  }

  // -------------------------------------------------------------------------------------- loops

  // The items of a loop that pass its `if`.
  struct Filtered : Iterator {
    Filtered(Evaluator& e, const Stmt& n, Scope& s, std::shared_ptr<Iterator> from)
        : Iterator("generator"), evaluator(e), node(n), scope(s), source(std::move(from)) {
      depth = source->depth + 1;
    }
    bool next(Run& run, Value& out) override {
      while (source->next(run, out)) {
        Scoped inner(evaluator, node.test_frame, &scope);
        evaluator.assign(*node.target, *inner, out);
        const bool passes = truth(evaluator.eval(*node.exprs[1], *inner));
        if (run.failed()) return false;
        if (passes) return true;
      }
      return false;
    }
    Evaluator& evaluator;
    const Stmt& node;
    Scope& scope;
    std::shared_ptr<Iterator> source;
  };

  Flow exec_loop(const Stmt& node, Scope& scope, TextBuilder& out) {
    const Value items = eval(*node.exprs[0], scope);
    if (run_.failed()) return Flow::next;
    return run_loop(node, scope, items, 0, out);
  }

  Flow run_loop(const Stmt& node, Scope& scope, const Value& items, std::size_t depth0,
                TextBuilder& out) {
    auto loop = std::make_shared<Loop>();
    loop->depth0 = depth0;
    loop->source = iterate(run_, items);
    if (node.exprs[1] != nullptr) {
      loop->source = std::make_shared<Filtered>(*this, node, scope, std::move(loop->source));
    } else if (has_length(items)) {
      loop->known_length = length(run_, items);
    }
    loop->depth = loop->source->depth + 1;
    if (node.recursive) {
      loop->recurse = [this, &node, &scope, depth0](Run& run, const Value& inner) {
        TextBuilder text;
        run_loop(node, scope, inner, depth0 + 1, text);
        return run.text(std::move(text));
      };
    }
    const Value handle = run_.object(loop);
    bool finished_one = false;
    while (!run_.failed() && loop->advance(run_)) {
      Scoped inner(*this, node.frame, &scope);
      store(program_.loop, *inner, handle);
      assign(*node.target, *inner, loop->current);
      const Flow flow = exec(node.body, *inner, out);
      if (flow == Flow::loop_break) break;
      // Jinja2 notes an iteration at its end: one that was continued does not count.
      finished_one |= flow == Flow::next;
    }
    // The scope that these refer to ends; a loop that a namespace keeps goes on without them.
    loop->recurse = nullptr;
    if (node.exprs[1] != nullptr) loop->source = iterate_list({}, "generator");
    if (run_.failed() || finished_one || node.bodies.empty()) return Flow::next;
    Scoped otherwise(*this, node.else_frame, &scope);
    return exec(node.bodies[0], *otherwise, out);
  }

  // -------------------------------------------------------------------------------------- macros

  Value make_macro(const Stmt& node, Scope& scope, const std::string& name) {
    auto macro = std::make_shared<Macro>(name);
    for (const Symbol symbol : node.parameters) macro->parameters.push_back(program_.names[symbol]);
    macro->takes_caller = node.takes_caller;
    macro->takes_named = node.takes_named;
    macro->takes_rest = node.takes_rest;
    for (Scope* at = &scope; at != nullptr; at = at->parent) at->captured = true;
    macro->body = [this, &node, &scope, name](Run&, Arguments& arguments) {
      return call_macro(node, scope, name, arguments);
    };
    return run_.object(std::move(macro));
  }

  // Takes the argument `name` out of the named ones.
  static std::optional<Value> take(Arguments& arguments, std::string_view name) {
    const auto found = std::find_if(arguments.named.begin(), arguments.named.end(),
                                    [&](const auto& one) { return one.first == name; });
    if (found == arguments.named.end()) return std::nullopt;
    std::optional<Value> value = std::move(found->second);
    arguments.named.erase(found);
    return value;
  }

  Value call_macro(const Stmt& node, Scope& scope, const std::string& name, Arguments& arguments) {
    Scoped inner(*this, node.frame, &scope);
    const std::size_t count = node.parameters.size();
    const std::size_t given = std::min(count, arguments.positional.size());
    std::vector<bool> filled(count, false);
    for (std::size_t i = 0; i < count; ++i) {
      std::optional<Value> value;
      if (i < given) {
        value = arguments.positional[i];
      } else {
        value = take(arguments, program_.names[node.parameters[i]]);
      }
      filled[i] = value.has_value();
      if (value) store(node.parameters[i], *inner, *std::move(value));
    }
    if (!bind_rest(node, *inner, name, arguments)) return {};
    const std::size_t plain = count - node.defaults.size();
    for (std::size_t i = 0; i < count && !run_.failed(); ++i) {
      if (filled[i]) continue;
      const std::string& parameter = program_.names[node.parameters[i]];
      store(node.parameters[i], *inner,
            i < plain ? run_.undefined(cat("parameter '", parameter, "' was not provided"))
                      : eval(*node.defaults[i - plain], *inner));
    }
    return run_.failed() ? Value() : exec_to_text(node.body, *inner);
  }

  // caller, kwargs and varargs, and the errors for what nothing takes.
  bool bind_rest(const Stmt& node, Scope& inner, const std::string& name, Arguments& arguments) {
    if (node.takes_caller) {
      const auto caller = take(arguments, "caller");
      store(program_.caller, inner, caller ? *caller : run_.undefined("No caller defined"));
    }
    if (node.takes_named) {
      std::vector<std::pair<Value, Value>> entries;
      for (auto& [key, value] : arguments.named) {
        entries.emplace_back(Value::literal(key), std::move(value));
      }
      store(program_.named, inner, run_.dict(std::move(entries)));
    } else if (take(arguments, "caller")) {
      run_.fail(cat("macro '", name,
                    "' was invoked with two values for the special caller argument. This is most "
                    "likely a bug."));
    } else if (!arguments.named.empty()) {
      run_.fail(
          cat("macro '", name, "' takes no keyword argument '", arguments.named[0].first, "'"));
    }
    const std::size_t count = node.parameters.size();
    List& positional = arguments.positional;
    if (node.takes_rest) {
      const auto begin =
          positional.begin() + static_cast<std::ptrdiff_t>(std::min(count, positional.size()));
      store(program_.rest, inner, run_.list(List(begin, positional.end()), true));
    } else if (positional.size() > count) {
      run_.fail(
          cat("macro '", name, "' takes not more than ", std::to_string(count), " argument(s)"));
    }
    return !run_.failed();
  }

  // --------------------------------------------------------------------------------- expressions

  Value eval(const Expr& node, Scope& scope) {
    if (node.kind == Expr::Kind::constant) return run_.step() ? node.value : Value();
    const Depth depth(run_);
    if (!depth.ok() || !run_.step()) return {};
    run_.at_line(node.line);
    switch (node.kind) {
      case Expr::Kind::constant:
      case Expr::Kind::member:
        break;
      case Expr::Kind::name:
        return load(node.symbol, scope);
      case Expr::Kind::attribute:
        return get_attribute(run_, operand(node, 0, scope), node.name);
      case Expr::Kind::item: {
        const Value owner = operand(node, 0, scope);
        return get_item(run_, owner, operand(node, 1, scope));
      }
      case Expr::Kind::slice:
        return eval_slice(node, scope);
      case Expr::Kind::tuple:
      case Expr::Kind::list:
        return run_.list(eval_all(node.operands, scope), node.kind == Expr::Kind::tuple);
      case Expr::Kind::dict:
        return eval_dict(node, scope);
      case Expr::Kind::logical_not:
        return !truth(operand(node, 0, scope));
      case Expr::Kind::negative:
      case Expr::Kind::positive:
        return negate(run_, operand(node, 0, scope), node.kind == Expr::Kind::negative);
      case Expr::Kind::arithmetic: {
        const Value left = operand(node, 0, scope);
        const Value right = operand(node, 1, scope);
        return run_.failed() ? Value() : arithmetic(run_, node.ops[0], left, right);
      }
      case Expr::Kind::compare:
        return eval_compare(node, scope);
      case Expr::Kind::both:
      case Expr::Kind::either: {
        Value left = operand(node, 0, scope);
        const bool decided = truth(left) == (node.kind == Expr::Kind::either);
        return decided ? std::move(left) : operand(node, 1, scope);
      }
      case Expr::Kind::concat:
        return eval_concat(node, scope);
      case Expr::Kind::condition:
        return eval_condition(node, scope);
      case Expr::Kind::filter:
        return eval_filter(node, scope, nullptr);
      case Expr::Kind::test:
        return eval_test(node, scope);
      case Expr::Kind::call:
        return eval_call(node, scope, nullptr);
    }
    return {};
  }

  Value operand(const Expr& node, std::size_t index, Scope& scope) {
    return eval(*node.operands[index], scope);
  }

  List eval_all(const std::vector<ExprPtr>& nodes, Scope& scope) {
    List values;
    values.reserve(nodes.size());
    for (const ExprPtr& node : nodes) {
      values.push_back(eval(*node, scope));
      if (run_.failed()) break;
    }
    return values;
  }

  Value eval_slice(const Expr& node, Scope& scope) {
    const Value owner = operand(node, 0, scope);
    Value parts[3];
    for (std::size_t i = 0; i < 3; ++i) {
      parts[i] = node.operands[i + 1] == nullptr ? Value(None{}) : operand(node, i + 1, scope);
    }
    return run_.failed() ? Value() : get_slice(run_, owner, parts[0], parts[1], parts[2]);
  }

  Value eval_dict(const Expr& node, Scope& scope) {
    List flat = eval_all(node.operands, scope);
    if (run_.failed()) return {};
    std::vector<std::pair<Value, Value>> entries;
    entries.reserve(flat.size() / 2);
    for (std::size_t i = 0; i + 1 < flat.size(); i += 2) {
      entries.emplace_back(std::move(flat[i]), std::move(flat[i + 1]));
    }
    return run_.dict(std::move(entries));
  }

  Value eval_compare(const Expr& node, Scope& scope) {
    Value left = operand(node, 0, scope);
    for (std::size_t i = 0; i < node.ops.size(); ++i) {
      Value right = operand(node, i + 1, scope);
      if (run_.failed()) return {};
      run_.at_line(node.line);
      if (!compare(run_, node.ops[i], left, right)) return run_.failed() ? Value() : Value(false);
      left = std::move(right);
    }
    return true;
  }

  Value eval_concat(const Expr& node, Scope& scope) {
    TextBuilder builder;
    for (const Value& part : eval_all(node.operands, scope)) append(builder, part);
    return run_.text(std::move(builder));
  }

  Value eval_condition(const Expr& node, Scope& scope) {
    const bool holds = truth(operand(node, 0, scope));
    if (run_.failed()) return {};
    if (holds) return operand(node, 1, scope);
    if (node.operands[2] != nullptr) return operand(node, 2, scope);
    return run_.undefined(cat("the inline if-expression on line ", std::to_string(node.line),
                              " evaluated to false and no else section was defined."));
  }

  // `inner`: what a filter block or block assignment captured, for the filter with no operand.
  Value eval_filter(const Expr& node, Scope& scope, const Value* inner) {
    const Depth depth(run_);
    if (!depth.ok()) return {};
    const ExprPtr& subject = node.operands[0];
    Value value;
    if (subject == nullptr) {
      value = *inner;
    } else if (subject->kind == Expr::Kind::filter) {
      value = eval_filter(*subject, scope, inner);
    } else {
      value = eval(*subject, scope);
    }
    Arguments arguments = eval_arguments(node, scope);
    if (!run_.step()) return {};
    run_.at_line(node.line);
    if (node.filter == nullptr) return run_.fail(cat("No filter named '", node.name, "' found."));
    return node.filter(run_, value, arguments);
  }

  Value eval_test(const Expr& node, Scope& scope) {
    const Value subject = operand(node, 0, scope);
    Arguments arguments = eval_arguments(node, scope);
    if (run_.failed()) return {};
    run_.at_line(node.line);
    if (node.test == nullptr) return run_.fail(cat("No test named '", node.name, "' found."));
    const bool holds = node.test(run_, subject, arguments);
    return run_.failed() ? Value() : Value(holds);
  }

  Arguments eval_arguments(const Expr& node, Scope& scope) {
    Arguments arguments;
    arguments.positional = eval_all(node.arguments, scope);
    for (const auto& [name, value] : node.named) {
      arguments.named.emplace_back(name, eval(*value, scope));
    }
    if (node.star != nullptr) {
      for (Value& item : to_list(run_, eval(*node.star, scope))) {
        arguments.positional.push_back(std::move(item));
      }
    }
    if (node.star_star == nullptr || run_.failed()) return arguments;
    const Value more = eval(*node.star_star, scope);
    if (!more.is_mapping()) {
      run_.fail(cat("argument after ** must be a mapping, not ", type_name(more)));
      return arguments;
    }
    for (const auto& [key, value] : more.mapping()->entries) {
      if (!key.is_text()) run_.fail("keywords must be strings");
      if (!run_.step(1 + arguments.named.size() / 16)) break;
      std::string name(key.text()->bytes());
      const bool known = std::any_of(arguments.named.begin(), arguments.named.end(),
                                     [&](const auto& one) { return one.first == name; });
      if (known) run_.fail(cat("got multiple values for keyword argument '", name, "'"));
      arguments.named.emplace_back(std::move(name), value);
    }
    return arguments;
  }

  Value eval_call(const Expr& node, Scope& scope, const Value* caller) {
    const Value callee = operand(node, 0, scope);
    Arguments arguments = eval_arguments(node, scope);
    if (caller != nullptr) arguments.named.emplace_back("caller", *caller);
    if (run_.failed()) return {};
    run_.at_line(node.line);
    return call(run_, callee, std::move(arguments));
  }

  const Program& program_;
  const Value& variables_;
  Run& run_;
  std::map<std::string, Value, std::less<>> trusted_;
  Scope* root_ = nullptr;
  std::vector<std::unique_ptr<Scope>> kept_;
};

}  // namespace

void evaluate(const Program& program, const Value& variables, Run& run, TextBuilder& out) {
  Evaluator(program, variables, run).run(out);
}

}  // namespace retort::text::jinja
