// Which variable a name means: Jinja2's compile-time scoping rules (jinja2/idtracking.py), and the
// checks of its compiler.
//
// A scope owns the names that are set in it. When it is entered each starts with the value it has
// outside, or as undefined where the name is unknown outside and set unconditionally, even if the
// caller passed a variable of that name. Names that are only read are looked up at run time from
// scope to scope, then among the variables.
#include <algorithm>
#include <map>
#include <utility>

#include "text/jinja_parser.h"

namespace retort::text::jinja {
namespace {

// The names of one scope while it is being analysed.
struct Names {
  const Names* parent = nullptr;
  std::map<Symbol, Frame::Entry> known;  // read or set here
  std::map<Symbol, bool> set;            // set here
  std::vector<Symbol> set_order;

  bool finds(Symbol name) const {
    for (const Names* scope = this; scope != nullptr; scope = scope->parent) {
      if (scope->known.contains(name)) return true;
    }
    return false;
  }
  void load(Symbol name) {
    if (!finds(name)) known.emplace(name, Frame::Entry::inherited);
  }
  void store(Symbol name) {
    if (!set.emplace(name, true).second) return;
    set_order.push_back(name);
    if (known.contains(name)) return;
    const bool outside = parent != nullptr && parent->finds(name);
    known.emplace(name, outside ? Frame::Entry::inherited : Frame::Entry::missing);
  }
  void declare(Symbol name) {
    if (set.emplace(name, true).second) set_order.push_back(name);
    known.insert_or_assign(name, Frame::Entry::parameter);
  }
};

// Where a statement stands.
struct Place {
  bool soft = false;     // within an if: unknown filters fail only when they run
  bool in_loop = false;  // break and continue have a loop
  bool under_loop = false;
};

// Which special names a body reads.
struct Uses {
  bool caller = false, named = false, rest = false;
};

class Resolver {
 public:
  Resolver(Program& program, SyntaxError& error) : program_(program), error_(error) {}

  bool run() {
    collect(program_.body, root_);
    visit(program_.body, root_, {});
    program_.frame = frame_of(root_);
    return !failed_;
  }

 private:
  void fail(std::string message, std::size_t line) {
    if (!failed_) error_ = {std::move(message), line};
    failed_ = true;
  }

  static Frame frame_of(const Names& names) {
    Frame frame;
    for (const auto& [symbol, unused] : names.set) {
      frame.slots.push_back({symbol, names.known.at(symbol)});
    }
    return frame;
  }

  // ------------------------------------------------------ collecting the names of one scope alone

  void load(const Expr* node, Names& names) {
    if (node == nullptr) return;
    if (node->kind == Expr::Kind::name || node->kind == Expr::Kind::member) {
      program_.loaded[node->symbol] = true;
      names.load(node->symbol);
    }
    for (const ExprPtr& child : node->operands) load(child.get(), names);
    for (const ExprPtr& child : node->arguments) load(child.get(), names);
    for (const auto& [name, child] : node->named) load(child.get(), names);
    load(node->star.get(), names);
    load(node->star_star.get(), names);
  }

  void store(const Expr& target, Names& names, bool parameter) {
    if (target.kind == Expr::Kind::member) {
      names.load(target.symbol);
    } else if (target.kind == Expr::Kind::name) {
      parameter ? names.declare(target.symbol) : names.store(target.symbol);
    }
    for (const ExprPtr& part : target.operands) store(*part, names, parameter);
  }

  void collect(const Body& body, Names& names) {
    for (const auto& node : body) collect(*node, names);
  }

  void collect(const Stmt& node, Names& names) {
    switch (node.kind) {
      case Stmt::Kind::assign:
        load(node.exprs[0].get(), names);
        store(*node.target, names, false);
        break;
      case Stmt::Kind::assign_block:
        store(*node.target, names, false);
        break;
      case Stmt::Kind::branch: {
        const std::size_t before = names.set_order.size();
        for (std::size_t i = 0; i < node.bodies.size(); ++i) {
          if (i < node.exprs.size()) load(node.exprs[i].get(), names);
          collect(node.bodies[i], names);
        }
        // Set in some branches only: what is outside shows through.
        for (std::size_t i = before; i < names.set_order.size(); ++i) {
          names.known[names.set_order[i]] = Frame::Entry::inherited;
        }
        break;
      }
      case Stmt::Kind::loop:
        load(node.exprs[0].get(), names);
        break;
      case Stmt::Kind::macro:
        names.store(node.symbol);
        break;
      case Stmt::Kind::output:
      case Stmt::Kind::call_block:
      case Stmt::Kind::filter_block:
      case Stmt::Kind::with:
        for (const ExprPtr& expr : node.exprs) load(expr.get(), names);
        break;
      default:
        break;
    }
  }

  // ------------------------------------------------------------------- inner scopes, and the
  // checks

  void check(const Expr* node, bool soft) {
    if (node == nullptr) return;
    if (!soft && node->kind == Expr::Kind::filter && node->filter == nullptr) {
      fail(cat("No filter named '", node->name, "'."), node->line);
    }
    if (!soft && node->kind == Expr::Kind::test && node->test == nullptr) {
      fail(cat("No test named '", node->name, "'."), node->line);
    }
    if (node->kind == Expr::Kind::name) {
      program_.loaded[node->symbol] = true;
      uses_.caller |= node->symbol == program_.caller;
      uses_.named |= node->symbol == program_.named;
      uses_.rest |= node->symbol == program_.rest;
    }
    const bool inner = soft || node->kind == Expr::Kind::condition;
    for (const ExprPtr& child : node->operands) check(child.get(), inner);
    for (const ExprPtr& child : node->arguments) check(child.get(), inner);
    for (const auto& [name, child] : node->named) check(child.get(), inner);
    check(node->star.get(), inner);
    check(node->star_star.get(), inner);
  }

  void check_target(const Expr& target, const Place& place) {
    if (target.kind == Expr::Kind::name && target.symbol == program_.loop && place.under_loop) {
      fail("Can't assign to special loop variable in for-loop target", target.line);
    }
    for (const ExprPtr& part : target.operands) check_target(*part, place);
  }

  void visit(Body& body, Names& names, const Place& place) {
    for (const auto& node : body) visit(*node, names, place);
  }

  // A body in a scope of its own, whose parameters `names` already has.
  void visit_scope(Body& body, Names& names, Frame& frame, const Place& place) {
    collect(body, names);
    visit(body, names, place);
    frame = frame_of(names);
  }

  void visit(Stmt& node, Names& names, const Place& place) {
    for (const ExprPtr& expr : node.exprs) {
      if (node.kind == Stmt::Kind::assign_block || node.kind == Stmt::Kind::filter_block) break;
      if (node.kind == Stmt::Kind::loop && &expr != &node.exprs[0]) break;
      check(expr.get(), place.soft || node.kind == Stmt::Kind::branch);
    }
    if (node.target != nullptr) {
      check_target(*node.target, {.under_loop = place.under_loop || node.kind == Stmt::Kind::loop});
    }
    Names inner{.parent = &names};
    switch (node.kind) {
      case Stmt::Kind::branch:
        for (Body& body : node.bodies) {
          visit(body, names, {true, place.in_loop, place.under_loop});
        }
        break;
      case Stmt::Kind::loop:
        visit_loop(node, names, place);
        break;
      case Stmt::Kind::macro:
      case Stmt::Kind::call_block:
        visit_macro(node, inner, place);
        break;
      case Stmt::Kind::assign_block:
      case Stmt::Kind::filter_block:
        if (node.kind == Stmt::Kind::filter_block) load(node.exprs[0].get(), inner);
        check(node.exprs[0].get(), false);
        visit_scope(node.body, inner, node.frame, {false, place.in_loop, place.under_loop});
        break;
      case Stmt::Kind::with:
        for (const Symbol name : node.parameters) inner.declare(name);
        visit_scope(node.body, inner, node.frame, {false, place.in_loop, place.under_loop});
        break;
      case Stmt::Kind::block:
      case Stmt::Kind::generation:
        if (node.kind == Stmt::Kind::block) inner.parent = &root_;
        visit_scope(node.body, inner, node.frame, {false, false, place.under_loop});
        break;
      case Stmt::Kind::loop_break:
      case Stmt::Kind::loop_continue:
        if (!place.in_loop) {
          fail(node.kind == Stmt::Kind::loop_break ? "'break' outside loop"
                                                   : "'continue' not properly in loop",
               node.line);
        }
        break;
      default:
        break;
    }
  }

  void visit_loop(Stmt& node, Names& names, const Place& place) {
    Names inner{.parent = &names};
    inner.declare(program_.loop);
    store(*node.target, inner, true);
    visit_scope(node.body, inner, node.frame, {false, true, true});
    if (!node.bodies.empty()) {
      Names otherwise{.parent = &names};
      visit_scope(node.bodies[0], otherwise, node.else_frame,
                  {false, place.in_loop && !node.recursive, true});
    }
    if (node.exprs[1] != nullptr) {
      Names test{.parent = &names};
      store(*node.target, test, true);
      load(node.exprs[1].get(), test);
      check(node.exprs[1].get(), false);
      node.test_frame = frame_of(test);
    }
  }

  void visit_macro(Stmt& node, Names& inner, const Place& place) {
    const Uses outer = std::exchange(uses_, {});
    for (const Symbol name : node.parameters) inner.declare(name);
    for (const ExprPtr& value : node.defaults) {
      load(value.get(), inner);
      check(value.get(), false);
    }
    collect(node.body, inner);
    // Seen within the body, nested macros included.
    uses_ = {};
    visit(node.body, inner, {false, false, place.under_loop});
    const auto takes = [&](bool used, Symbol name) {
      const bool listed =
          std::find(node.parameters.begin(), node.parameters.end(), name) != node.parameters.end();
      if (!used || listed) return false;
      inner.declare(name);
      return true;
    };
    node.takes_caller = takes(uses_.caller, program_.caller);
    node.takes_named = takes(uses_.named, program_.named);
    node.takes_rest = takes(uses_.rest, program_.rest);
    node.frame = frame_of(inner);
    uses_ = {outer.caller || uses_.caller, outer.named || uses_.named, outer.rest || uses_.rest};
  }

  Program& program_;
  SyntaxError& error_;
  Names root_;
  Uses uses_;
  bool failed_ = false;
};

}  // namespace

bool resolve_scopes(Program& program, SyntaxError& error) {
  return Resolver(program, error).run();
}

}  // namespace retort::text::jinja
