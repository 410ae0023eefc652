// The parser: recursive descent over the tokens, as jinja2/parser.py, with a bound on nesting.
// After a mistake the current token is the end of the template, so that every loop ends.
#include "text/jinja_parser.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <utility>

namespace retort::text::jinja {
namespace {

using Kind = Token::Kind;
using Names = std::span<const std::string_view>;

class Parser {
 public:
  Parser(Program& program, const ParseLimits& limits, SyntaxError& error)
      : program_(program), limits_(limits), error_(error) {}

  bool run() {
    program_.loop = symbol("loop");
    program_.caller = symbol("caller");
    program_.named = symbol("kwargs");
    program_.rest = symbol("varargs");
    if (!tokenize(program_.source, tokens_, error_)) return false;
    program_.body = parse_body({});
    return !failed_;
  }

 private:
  // ------------------------------------------------------------------------------------- tokens

  const Token& current() const { return tokens_[at_]; }
  const Token& ahead() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }

  Token next() {
    Token token = tokens_[at_];
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }

  bool skip_op(std::string_view op) {
    if (!current().is_op(op)) return false;
    next();
    return true;
  }

  bool skip_name(std::string_view name) {
    if (!current().is_name(name)) return false;
    next();
    return true;
  }

  bool at_name(Names names) const {
    return current().kind == Kind::name &&
           std::find(names.begin(), names.end(), current().value) != names.end();
  }

  static std::string describe(const Token& token) {
    switch (token.kind) {
      case Kind::data:
        return "template data / text";
      case Kind::variable_begin:
        return "begin of print statement";
      case Kind::variable_end:
        return "end of print statement";
      case Kind::block_begin:
        return "begin of statement block";
      case Kind::block_end:
        return "end of statement block";
      case Kind::integer:
        return "integer";
      case Kind::real:
        return "float";
      case Kind::string:
        return "string";
      case Kind::end:
        return "end of template";
      default:
        return token.value;
    }
  }

  void fail(std::string message) { fail(std::move(message), current().line); }

  void fail(std::string message, std::size_t line) {
    if (!failed_) error_ = {std::move(message), line};
    failed_ = true;
    at_ = tokens_.size() - 1;
  }

  void expect_op(std::string_view op) {
    if (skip_op(op)) return;
    if (current().kind == Kind::end)
      return fail(cat("unexpected end of template, expected '", op, "'."));
    fail(cat("expected token '", op, "', got '", describe(current()), "'"));
  }

  std::string expect_name() {
    if (current().kind == Kind::name) return next().value;
    fail(cat("expected token 'name', got '", describe(current()), "'"));
    return {};
  }

  void expect(Kind kind, std::string_view what) {
    if (current().kind == kind) {
      next();
    } else if (current().kind == Kind::end) {
      fail(cat("unexpected end of template, expected '", what, "'."));
    } else {
      fail(cat("expected token '", what, "', got '", describe(current()), "'"));
    }
  }

  // ------------------------------------------------------------------------------------- nodes

  Symbol symbol(std::string_view name) {
    auto& names = program_.names;
    const auto [known, added] =
        symbols_.try_emplace(std::string(name), static_cast<Symbol>(names.size()));
    if (added) {
      names.emplace_back(name);
      program_.loaded.push_back(false);
    }
    return known->second;
  }

  static ExprPtr make(Expr::Kind kind, std::size_t line) {
    auto node = std::make_unique<Expr>();
    node->kind = kind;
    node->line = line;
    return node;
  }

  // Measures a finished node. Chains (a + b + c ...) grow deep without recursion of the parser.
  ExprPtr finish(ExprPtr node) {
    std::size_t deepest = 0;
    const auto look = [&](const ExprPtr& child) {
      if (child != nullptr) deepest = std::max(deepest, child->depth);
    };
    for (const ExprPtr& child : node->operands) look(child);
    for (const ExprPtr& child : node->arguments) look(child);
    for (const auto& [name, child] : node->named) look(child);
    look(node->star);
    look(node->star_star);
    node->depth = deepest + 1;
    if (node->depth > 2 * limits_.nesting_max) {
      fail("the expression nests too deeply (nesting_max)", node->line);
    }
    return node;
  }

  template <typename... Operands>
  ExprPtr make(Expr::Kind kind, std::size_t line, Operands... operands) {
    ExprPtr node = make(kind, line);
    (node->operands.push_back(std::move(operands)), ...);
    return finish(std::move(node));
  }

  ExprPtr constant(Value value, std::size_t line) {
    ExprPtr node = make(Expr::Kind::constant, line);
    node->value = std::move(value);
    return node;
  }

  ExprPtr load(std::string_view name, std::size_t line) {
    ExprPtr node = make(Expr::Kind::name, line);
    node->symbol = symbol(name);
    return node;
  }

  // One level of the parser's own recursion.
  class Nest {
   public:
    explicit Nest(Parser& parser) : parser_(parser) {
      if (++parser.nesting_ > parser.limits_.nesting_max) {
        parser.fail("the template nests too deeply (nesting_max)");
      }
    }
    ~Nest() { --parser_.nesting_; }
    Nest(const Nest&) = delete;
    Nest& operator=(const Nest&) = delete;

   private:
    Parser& parser_;
  };

  // ---------------------------------------------------------------------------------- statements

  using StatementParser = std::unique_ptr<Stmt> (Parser::*)();

  // Statements up to a tag in `ends` (left current) or, without `ends`, the end.
  Body parse_body(Names ends) {
    const Nest nest(*this);
    Body body;
    std::unique_ptr<Stmt> output;
    const auto flush = [&] {
      if (output != nullptr) body.push_back(std::move(output));
    };
    while (current().kind != Kind::end) {
      if (current().kind == Kind::block_begin) {
        flush();
        next();
        if (at_name(ends)) return body;
        if (auto statement = parse_statement(ends); statement != nullptr) {
          body.push_back(std::move(statement));
        }
        expect(Kind::block_end, "end of statement block");
        continue;
      }
      if (output == nullptr) output = statement(Stmt::Kind::output);
      output->exprs.push_back(parse_output());
    }
    flush();
    if (!ends.empty() && !failed_) fail_end(ends);
    return body;
  }

  ExprPtr parse_output() {
    const Token token = next();
    if (token.kind == Kind::data) return constant(Value::literal(token.value), token.line);
    if (token.kind != Kind::variable_begin) fail("internal parsing error", token.line);
    ExprPtr node = parse_tuple({}, true, false);
    expect(Kind::variable_end, "end of print statement");
    return node;
  }

  static std::string joined(Names names) {
    std::string all;
    for (const std::string_view name : names) {
      all += cat(all.empty() ? "'" : " or '", name, "'");
    }
    return all;
  }

  std::string innermost() const {
    if (tags_.empty()) return {};
    return cat(" The innermost block that needs to be closed is '", tags_.back(), "'.");
  }

  void fail_end(Names ends) {
    fail(cat("Unexpected end of template. Jinja was looking for the following tags: ", joined(ends),
             ".", innermost()));
  }

  std::unique_ptr<Stmt> statement(Stmt::Kind kind) {
    auto node = std::make_unique<Stmt>();
    node->kind = kind;
    node->line = current().line;
    return node;
  }

  std::unique_ptr<Stmt> parse_statement(Names ends) {
    struct Tag {
      std::string_view name;
      StatementParser parse;
    };
    static constexpr std::array kTags = {
        Tag{"for", &Parser::parse_for},           Tag{"if", &Parser::parse_if},
        Tag{"set", &Parser::parse_set},           Tag{"macro", &Parser::parse_macro},
        Tag{"call", &Parser::parse_call_block},   Tag{"filter", &Parser::parse_filter_block},
        Tag{"with", &Parser::parse_with},         Tag{"block", &Parser::parse_block},
        Tag{"print", &Parser::parse_print},       Tag{"generation", &Parser::parse_generation},
        Tag{"break", &Parser::parse_break},       Tag{"continue", &Parser::parse_break},
        Tag{"include", &Parser::parse_loader},    Tag{"import", &Parser::parse_loader},
        Tag{"from", &Parser::parse_loader},       Tag{"extends", &Parser::parse_loader},
        Tag{"autoescape", &Parser::parse_loader},
    };
    if (current().kind != Kind::name) {
      fail("tag name expected");
      return nullptr;
    }
    const auto* tag = std::find_if(kTags.begin(), kTags.end(),
                                   [&](const Tag& one) { return one.name == current().value; });
    if (tag == kTags.end()) {
      std::string message = cat("Encountered unknown tag '", current().value, "'.");
      if (!ends.empty()) {
        message += cat(" Jinja was looking for the following tags: ", joined(ends), ".");
      }
      fail(message + innermost());
      return nullptr;
    }
    tags_.push_back(tag->name);
    auto node = (this->*tag->parse)();
    tags_.pop_back();
    return node;
  }

  // The body of a block up to its end tag, which is left behind.
  Body parse_block_body(std::string_view end) {
    const std::array ends = {end};
    Body body = parse_block_part(ends);
    next();
    return body;
  }

  Body parse_block_part(Names ends) {
    skip_op(":");
    expect(Kind::block_end, "end of statement block");
    return parse_body(ends);
  }

  std::unique_ptr<Stmt> parse_set() {
    auto node = statement(Stmt::Kind::assign);
    next();
    node->target = parse_target({}, true);
    if (skip_op("=")) {
      node->exprs.push_back(parse_tuple({}, true, false));
      return node;
    }
    node->kind = Stmt::Kind::assign_block;
    node->exprs.push_back(current().is_op("|") ? parse_filters(nullptr, false) : nullptr);
    node->body = parse_block_body("endset");
    return node;
  }

  std::unique_ptr<Stmt> parse_for() {
    static constexpr std::array<std::string_view, 1> kIn = {"in"};
    static constexpr std::array<std::string_view, 1> kRecursive = {"recursive"};
    static constexpr std::array<std::string_view, 2> kEnds = {"endfor", "else"};
    auto node = statement(Stmt::Kind::loop);
    next();
    node->target = parse_target(kIn, false);
    if (!skip_name("in")) fail(cat("expected token 'in', got '", describe(current()), "'"));
    node->exprs.push_back(parse_tuple(kRecursive, false, false));
    node->exprs.push_back(skip_name("if") ? parse_expression() : nullptr);
    node->recursive = skip_name("recursive");
    node->body = parse_block_part(kEnds);
    if (next().is_name("else")) node->bodies.push_back(parse_block_body("endfor"));
    return node;
  }

  std::unique_ptr<Stmt> parse_if() {
    static constexpr std::array<std::string_view, 3> kEnds = {"elif", "else", "endif"};
    auto node = statement(Stmt::Kind::branch);
    next();
    while (true) {
      node->exprs.push_back(parse_tuple({}, false, false));
      node->bodies.push_back(parse_block_part(kEnds));
      const Token end = next();
      if (end.is_name("elif")) continue;
      if (end.is_name("else")) node->bodies.push_back(parse_block_body("endif"));
      return node;
    }
  }

  void parse_signature(Stmt& node) {
    expect_op("(");
    while (!current().is_op(")") && !failed_) {
      if (!node.parameters.empty()) expect_op(",");
      node.parameters.push_back(symbol(expect_name()));
      if (skip_op("=")) {
        node.defaults.push_back(parse_expression());
      } else if (!node.defaults.empty()) {
        fail("non-default argument follows default argument");
      }
    }
    expect_op(")");
  }

  std::unique_ptr<Stmt> parse_macro() {
    auto node = statement(Stmt::Kind::macro);
    next();
    node->name = expect_name();
    node->symbol = symbol(node->name);
    parse_signature(*node);
    node->body = parse_block_body("endmacro");
    return node;
  }

  std::unique_ptr<Stmt> parse_call_block() {
    auto node = statement(Stmt::Kind::call_block);
    next();
    if (current().is_op("(")) parse_signature(*node);
    ExprPtr call = parse_expression();
    if (call->kind != Expr::Kind::call) fail("expected call", node->line);
    node->exprs.push_back(std::move(call));
    node->body = parse_block_body("endcall");
    return node;
  }

  std::unique_ptr<Stmt> parse_filter_block() {
    auto node = statement(Stmt::Kind::filter_block);
    next();
    node->exprs.push_back(parse_filters(nullptr, true));
    node->body = parse_block_body("endfilter");
    return node;
  }

  std::unique_ptr<Stmt> parse_with() {
    auto node = statement(Stmt::Kind::with);
    next();
    while (current().kind != Kind::block_end && !failed_) {
      if (!node->parameters.empty()) expect_op(",");
      // Jinja2 takes tuples here too; a name is what templates write.
      node->parameters.push_back(symbol(expect_name()));
      expect_op("=");
      node->exprs.push_back(parse_expression());
    }
    node->body = parse_block_body("endwith");
    return node;
  }

  std::unique_ptr<Stmt> parse_block() {
    auto node = statement(Stmt::Kind::block);
    next();
    node->name = expect_name();
    skip_name("scoped");
    if (skip_name("required")) fail("required blocks are not supported");
    node->body = parse_block_body("endblock");
    skip_name(node->name);
    return node;
  }

  std::unique_ptr<Stmt> parse_print() {
    auto node = statement(Stmt::Kind::output);
    next();
    while (current().kind != Kind::block_end && !failed_) {
      if (!node->exprs.empty()) expect_op(",");
      node->exprs.push_back(parse_expression());
    }
    return node;
  }

  std::unique_ptr<Stmt> parse_generation() {
    auto node = statement(Stmt::Kind::generation);
    next();
    node->body = parse_block_body("endgeneration");
    return node;
  }

  std::unique_ptr<Stmt> parse_break() {
    auto node =
        statement(current().value == "break" ? Stmt::Kind::loop_break : Stmt::Kind::loop_continue);
    next();
    return node;
  }

  // Tags that need a template loader, which a chat template has not, and autoescape. They fail
  // where they run; their arguments are skipped.
  std::unique_ptr<Stmt> parse_loader() {
    auto node = statement(Stmt::Kind::refused);
    const std::string tag = next().value;
    if (tag == "autoescape") fail("the autoescape tag is not supported");
    node->name = cat("no loader for this environment specified (", tag, ")");
    while (current().kind != Kind::block_end && current().kind != Kind::end) next();
    return node;
  }

  // An assignment's target: a name, a namespace's attribute, or a tuple of targets.
  ExprPtr parse_target(Names ends, bool members) {
    const std::size_t line = current().line;
    ExprPtr node = parse_tuple(ends, false, true, members);
    check_target(*node, line);
    return node;
  }

  void check_target(const Expr& node, std::size_t line) {
    switch (node.kind) {
      case Expr::Kind::name:
      case Expr::Kind::member:
        return;
      case Expr::Kind::tuple:
        for (const ExprPtr& part : node.operands) check_target(*part, line);
        return;
      default:
        fail("can't assign to this expression", line);
    }
  }

  // --------------------------------------------------------------------------------- expressions

  ExprPtr parse_expression(bool with_condition = true) {
    const Nest nest(*this);
    return with_condition ? parse_condition() : parse_or();
  }

  ExprPtr parse_condition() {
    ExprPtr left = parse_or();
    while (current().is_name("if")) {
      const std::size_t line = next().line;
      ExprPtr test = parse_or();
      ExprPtr otherwise;
      if (skip_name("else")) otherwise = parse_expression();
      left =
          make(Expr::Kind::condition, line, std::move(test), std::move(left), std::move(otherwise));
    }
    return left;
  }

  ExprPtr parse_or() {
    ExprPtr left = parse_and();
    while (current().is_name("or")) {
      const std::size_t line = next().line;
      left = make(Expr::Kind::either, line, std::move(left), parse_and());
    }
    return left;
  }

  ExprPtr parse_and() {
    ExprPtr left = parse_not();
    while (current().is_name("and")) {
      const std::size_t line = next().line;
      left = make(Expr::Kind::both, line, std::move(left), parse_not());
    }
    return left;
  }

  ExprPtr parse_not() {
    if (!current().is_name("not")) return parse_compare();
    const Nest nest(*this);
    const std::size_t line = next().line;
    return make(Expr::Kind::logical_not, line, parse_not());
  }

  std::optional<Operator> comparison() {
    static constexpr std::pair<std::string_view, Operator> kOps[] = {
        {"==", Operator::equal},      {"!=", Operator::not_equal}, {"<", Operator::less},
        {"<=", Operator::less_equal}, {">", Operator::greater},    {">=", Operator::greater_equal}};
    for (const auto& [text, op] : kOps) {
      if (skip_op(text)) return op;
    }
    if (skip_name("in")) return Operator::in;
    if (current().is_name("not") && ahead().is_name("in")) {
      next();
      next();
      return Operator::not_in;
    }
    return std::nullopt;
  }

  ExprPtr parse_compare() {
    ExprPtr left = parse_sum();
    ExprPtr node;
    while (const auto op = comparison()) {
      if (node == nullptr) {
        node = make(Expr::Kind::compare, current().line);
        node->operands.push_back(std::move(left));
      }
      node->ops.push_back(*op);
      node->operands.push_back(parse_sum());
    }
    return node == nullptr ? std::move(left) : finish(std::move(node));
  }

  using Level = ExprPtr (Parser::*)();
  using Choice = std::pair<std::string_view, Operator>;

  // A level of left-associative binary operators over the next tighter level.
  ExprPtr parse_binary(std::initializer_list<Choice> choices, Level tighter) {
    ExprPtr left = (this->*tighter)();
    while (true) {
      const auto* choice = std::find_if(choices.begin(), choices.end(), [&](const Choice& one) {
        return current().is_op(one.first);
      });
      if (choice == choices.end()) return left;
      const std::size_t line = next().line;
      left = make(Expr::Kind::arithmetic, line, std::move(left), (this->*tighter)());
      left->ops.push_back(choice->second);
    }
  }

  ExprPtr parse_sum() {
    return parse_binary({{"+", Operator::add}, {"-", Operator::subtract}}, &Parser::parse_concat);
  }

  ExprPtr parse_concat() {
    ExprPtr left = parse_product();
    if (!current().is_op("~")) return left;
    ExprPtr node = make(Expr::Kind::concat, current().line);
    node->operands.push_back(std::move(left));
    while (skip_op("~")) node->operands.push_back(parse_product());
    return finish(std::move(node));
  }

  ExprPtr parse_product() {
    return parse_binary({{"*", Operator::multiply},
                         {"/", Operator::divide},
                         {"//", Operator::floor_divide},
                         {"%", Operator::modulo}},
                        &Parser::parse_power);
  }

  ExprPtr parse_power() {
    return parse_binary({{"**", Operator::power}}, &Parser::parse_filtered_unary);
  }

  ExprPtr parse_filtered_unary() { return parse_unary(true); }

  ExprPtr parse_unary(bool with_filter) {
    const Nest nest(*this);
    const std::size_t line = current().line;
    ExprPtr node;
    if (skip_op("-")) {
      node = make(Expr::Kind::negative, line, parse_unary(false));
    } else if (skip_op("+")) {
      node = make(Expr::Kind::positive, line, parse_unary(false));
    } else {
      node = parse_primary(false);
    }
    node = parse_postfix(std::move(node));
    return with_filter ? parse_filter_expression(std::move(node)) : std::move(node);
  }

  ExprPtr parse_primary(bool members) {
    const Token token = current();
    switch (token.kind) {
      case Kind::name:
        next();
        return parse_name(token, members);
      case Kind::string: {
        std::string text;
        while (current().kind == Kind::string) text += next().value;
        return constant(Value::literal(text), token.line);
      }
      case Kind::integer:
        next();
        return constant(std::int64_t{std::strtoll(token.value.c_str(), nullptr, 10)}, token.line);
      case Kind::real:
        next();
        return constant(parse_float(token.value).value_or(0), token.line);
      default:
        break;
    }
    if (skip_op("(")) {
      ExprPtr node = parse_tuple({}, true, false, false, true);
      expect_op(")");
      return node;
    }
    if (token.is_op("[")) return parse_list();
    if (token.is_op("{")) return parse_dict();
    fail(cat("unexpected '", describe(token), "'"), token.line);
    return constant({}, token.line);
  }

  ExprPtr parse_name(const Token& token, bool members) {
    const std::string& name = token.value;
    if (name == "true" || name == "True") return constant(true, token.line);
    if (name == "false" || name == "False") return constant(false, token.line);
    if (name == "none" || name == "None") return constant(None{}, token.line);
    ExprPtr node = load(name, token.line);
    if (members && skip_op(".")) {
      node->kind = Expr::Kind::member;
      node->name = expect_name();
    }
    return node;
  }

  bool at_tuple_end(Names ends) const {
    return current().kind == Kind::variable_end || current().kind == Kind::block_end ||
           current().is_op(")") || current().kind == Kind::end || at_name(ends);
  }

  // One expression, or a tuple where commas follow. `simple`: of names only, for targets.
  ExprPtr parse_tuple(Names ends, bool with_condition, bool simple, bool members = false,
                      bool parentheses = false) {
    const Nest nest(*this);
    ExprPtr tuple = make(Expr::Kind::tuple, current().line);
    auto& items = tuple->operands;
    bool comma = false;
    while (!at_tuple_end(ends)) {
      items.push_back(simple ? parse_primary(members) : parse_expression(with_condition));
      if (!current().is_op(",")) break;
      comma = true;
      next();
    }
    if (!comma && items.size() == 1) return std::move(items.front());
    if (items.empty() && !parentheses) {
      fail(cat("Expected an expression, got '", describe(current()), "'"));
    }
    return finish(std::move(tuple));
  }

  ExprPtr parse_list() {
    ExprPtr node = make(Expr::Kind::list, next().line);
    while (!current().is_op("]") && !failed_) {
      if (!node->operands.empty()) expect_op(",");
      if (current().is_op("]")) break;
      node->operands.push_back(parse_expression());
    }
    expect_op("]");
    return finish(std::move(node));
  }

  ExprPtr parse_dict() {
    ExprPtr node = make(Expr::Kind::dict, next().line);
    while (!current().is_op("}") && !failed_) {
      if (!node->operands.empty()) expect_op(",");
      if (current().is_op("}")) break;
      node->operands.push_back(parse_expression());
      expect_op(":");
      node->operands.push_back(parse_expression());
    }
    expect_op("}");
    return finish(std::move(node));
  }

  ExprPtr parse_postfix(ExprPtr node) {
    while (true) {
      if (current().is_op(".") || current().is_op("[")) {
        node = parse_subscript(std::move(node));
      } else if (current().is_op("(")) {
        node = parse_call(std::move(node));
      } else {
        return node;
      }
    }
  }

  ExprPtr parse_filter_expression(ExprPtr node) {
    while (true) {
      if (current().is_op("|")) {
        node = parse_filters(std::move(node), false);
      } else if (current().is_name("is")) {
        node = parse_test(std::move(node));
      } else if (current().is_op("(")) {
        node = parse_call(std::move(node));
      } else {
        return node;
      }
    }
  }

  ExprPtr parse_subscript(ExprPtr owner) {
    const Token token = next();
    if (token.is_op(".")) {
      const Token member = next();
      if (member.kind == Kind::name) {
        ExprPtr node = make(Expr::Kind::attribute, token.line, std::move(owner));
        node->name = member.value;
        return node;
      }
      if (member.kind != Kind::integer) fail("expected name or number", member.line);
      return make(
          Expr::Kind::item, token.line, std::move(owner),
          constant(std::int64_t{std::strtoll(member.value.c_str(), nullptr, 10)}, member.line));
    }
    ExprPtr node = parse_subscribed(std::move(owner), token.line);
    if (current().is_op(",")) {
      if (node->kind == Expr::Kind::slice) fail("a slice within a tuple is not supported");
      ExprPtr tuple = make(Expr::Kind::tuple, token.line);
      tuple->operands.push_back(std::move(node->operands[1]));
      while (skip_op(",")) tuple->operands.push_back(parse_expression());
      node->operands[1] = finish(std::move(tuple));
    }
    expect_op("]");
    return finish(std::move(node));
  }

  // What stands between [ and ]: an index, or start:stop:step.
  ExprPtr parse_subscribed(ExprPtr owner, std::size_t line) {
    ExprPtr parts[3];
    if (!current().is_op(":")) {
      if (current().is_op("]")) {  // Jinja2 makes x[] the item of the empty tuple
        return make(Expr::Kind::item, line, std::move(owner), make(Expr::Kind::tuple, line));
      }
      parts[0] = parse_expression();
      if (!current().is_op(":")) {
        return make(Expr::Kind::item, line, std::move(owner), std::move(parts[0]));
      }
    }
    for (int i = 1; i < 3 && skip_op(":"); ++i) {
      if (!current().is_op(":") && !current().is_op("]") && !current().is_op(",")) {
        parts[i] = parse_expression();
      }
    }
    return make(Expr::Kind::slice, line, std::move(owner), std::move(parts[0]), std::move(parts[1]),
                std::move(parts[2]));
  }

  void parse_arguments(Expr& node) {
    const std::size_t line = current().line;
    const auto ensure = [&](bool fits) {
      if (!fits) fail("invalid syntax for function call expression", line);
    };
    expect_op("(");
    bool comma = false;
    while (!current().is_op(")") && !failed_) {
      if (comma) {
        expect_op(",");
        if (current().is_op(")")) break;
      }
      comma = true;
      if (skip_op("*")) {
        ensure(node.star == nullptr && node.star_star == nullptr);
        node.star = parse_expression();
      } else if (skip_op("**")) {
        ensure(node.star_star == nullptr);
        node.star_star = parse_expression();
      } else if (current().kind == Kind::name && ahead().is_op("=")) {
        ensure(node.star_star == nullptr);
        std::string name = next().value;
        next();
        node.named.emplace_back(std::move(name), parse_expression());
      } else {
        ensure(node.star == nullptr && node.star_star == nullptr && node.named.empty());
        node.arguments.push_back(parse_expression());
      }
    }
    expect_op(")");
  }

  ExprPtr parse_call(ExprPtr callee) {
    ExprPtr node = make(Expr::Kind::call, current().line);
    node->operands.push_back(std::move(callee));
    parse_arguments(*node);
    return finish(std::move(node));
  }

  std::string dotted_name() {
    std::string name = expect_name();
    while (skip_op(".")) name += cat(".", expect_name());
    return name;
  }

  // One or more filters; `inside`: the first has no pipe before it ({% filter name %}).
  ExprPtr parse_filters(ExprPtr node, bool inside) {
    while (inside || current().is_op("|")) {
      if (!inside) next();
      inside = false;
      ExprPtr filter = make(Expr::Kind::filter, current().line);
      filter->name = dotted_name();
      filter->filter = find_filter(filter->name);
      filter->operands.push_back(std::move(node));
      if (current().is_op("(")) parse_arguments(*filter);
      node = finish(std::move(filter));
    }
    return node;
  }

  ExprPtr parse_test(ExprPtr subject) {
    static constexpr std::array<std::string_view, 3> kNoArgument = {"else", "or", "and"};
    ExprPtr node = make(Expr::Kind::test, next().line);
    const bool negated = skip_name("not");
    node->name = dotted_name();
    node->test = find_test(node->name);
    node->operands.push_back(std::move(subject));
    if (current().is_op("(")) {
      parse_arguments(*node);
    } else if (current().is_name("is")) {
      fail("You cannot chain multiple tests with is");
    } else if ((current().kind == Kind::name && !at_name(kNoArgument)) ||
               current().kind == Kind::string || current().kind == Kind::integer ||
               current().kind == Kind::real || current().is_op("[") || current().is_op("{")) {
      node->arguments.push_back(parse_postfix(parse_primary(false)));
    }
    const std::size_t line = node->line;
    node = finish(std::move(node));
    return negated ? make(Expr::Kind::logical_not, line, std::move(node)) : std::move(node);
  }

  Program& program_;
  const ParseLimits& limits_;
  SyntaxError& error_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  bool failed_ = false;
  std::size_t nesting_ = 0;
  std::vector<std::string_view> tags_;
  std::map<std::string, Symbol> symbols_;
};

}  // namespace

bool parse_program(Program& program, const ParseLimits& limits, SyntaxError& error) {
  return Parser(program, limits, error).run() && resolve_scopes(program, error);
}

}  // namespace retort::text::jinja
