#include "grammar/number.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace retort::grammar {
namespace {

// Each remainder is a state, and each state is looked at once by each digit.
constexpr std::uint64_t kModulusMax = 10'000;
// Multiples within bounds that are written out one by one.
constexpr std::uint64_t kListedMax = 1'000;
constexpr int kMultiplePlacesMax = 30;
// Digits in front of the point of a number without an upper bound: what is longer is beyond a
// double, and refused by readers of JSON. With an exponent, which then has 299 at most.
constexpr std::uint32_t kWholeDigitsMax = 308, kFewDigits = 9;

// A bound on a number without its sign: the digits on both sides of the point.
struct Limit {
  std::string whole;     // no zeros in front, but for "0"
  std::string fraction;  // no zeros behind
  bool exclusive = false;
  bool is_zero() const { return whole == "0" && fraction.empty(); }
};

Limit limit_of(const Decimal& value, bool exclusive) {
  if (value.digits.empty()) return {"0", "", exclusive};
  if (value.exponent >= 0) {
    return {value.digits + std::string(static_cast<std::size_t>(value.exponent), '0'), "",
            exclusive};
  }
  const auto places = static_cast<std::size_t>(-value.exponent);
  if (places >= value.digits.size()) {
    return {"0", std::string(places - value.digits.size(), '0') + value.digits, exclusive};
  }
  const std::size_t point = value.digits.size() - places;
  return {value.digits.substr(0, point), value.digits.substr(point), exclusive};
}

// The next natural number, and the one before (not of "0").
std::string incremented(std::string digits) {
  const std::size_t nines = digits.find_last_not_of('9');
  if (nines == std::string::npos) return "1" + std::string(digits.size(), '0');
  ++digits[nines];
  std::fill(digits.begin() + static_cast<std::ptrdiff_t>(nines) + 1, digits.end(), '0');
  return digits;
}
std::string decremented(std::string digits) {
  const std::size_t zeros = digits.find_last_not_of('0');
  --digits[zeros];
  std::fill(digits.begin() + static_cast<std::ptrdiff_t>(zeros) + 1, digits.end(), '9');
  if (digits.size() > 1 && digits[0] == '0') digits.erase(0, 1);
  return digits;
}

// The value of up to 18 digits.
std::uint64_t value_of(std::string_view digits) {
  std::uint64_t value = 0;
  for (const char c : digits) value = value * 10 + static_cast<std::uint64_t>(c - '0');
  return value;
}

// What multiples are counted in: digits * 10^zeros, or digits / 10^places.
struct Unit {
  std::uint64_t digits = 1;
  int zeros = 0, places = 0;
};

// The least number whose multiples are the digits of multiples of `unit` written with `written`
// places behind the point.
std::uint64_t modulus_of(const Unit& unit, int written) {
  std::uint64_t modulus = unit.digits;
  for (int i = written; i < unit.places; ++i) {
    modulus /= std::gcd(modulus, std::uint64_t{2});
    modulus /= std::gcd(modulus, std::uint64_t{5});
  }
  return modulus;
}

// The numbers without a sign from `low` to `high`, digit by digit. While the digits so far are the
// bound's own it is tight, and the next digit has to respect it; at most two ways are tight at any
// place, so that the expression is as long as the bounds.
class Magnitudes {
 public:
  Magnitudes(ExpressionPool& pool, bool integer, Limit low, std::optional<Limit> high)
      : pool_(pool), integer_(integer), low_(std::move(low)), high_(std::move(high)) {
    if (integer_) round_inwards();
  }

  Expression plain(std::uint32_t digits_max = kWholeDigitsMax);
  // Those of them with an exponent, where they are simple to tell.
  Expression with_exponent();
  // Those that are multiples, without an exponent.
  Result<Expression> multiples(const Unit& unit);

 private:
  struct Tight {
    bool low, high;
  };

  void round_inwards();
  Expression digits(char first, char last) {
    if (first > last) return ExpressionPool::nothing();
    return pool_.bytes(
        ByteSet::range(static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(last)));
  }
  Expression some_digits(std::uint32_t min, std::uint32_t max = kUnbounded) {
    return pool_.repeat(digits('0', '9'), min, max);
  }
  Expression zeros(std::uint32_t min, std::uint32_t max = kUnbounded) {
    return pool_.repeat(digits('0', '0'), min, max);
  }
  Expression any_fraction() {
    if (integer_) return ExpressionPool::empty();
    return pool_.optional(pool_.concat(pool_.literal("."), some_digits(1)));
  }
  Expression longer(std::size_t min, std::uint32_t max) {  // whole numbers by their length
    if (min > max) return ExpressionPool::nothing();
    return pool_.concat(
        {digits('1', '9'),
         some_digits(static_cast<std::uint32_t>(min - 1), max == kUnbounded ? max : max - 1),
         any_fraction()});
  }
  template <typename Rest>
  Expression next_digit(char least, char most, Tight tight, Rest rest);
  Expression whole(std::size_t at, std::size_t length, Tight tight);
  Expression point(Tight tight);
  Expression fraction(std::size_t at, Tight tight);
  std::optional<Expression> listed(const Unit& unit);
  Expression natural_multiples(const Unit& unit);
  Expression decimal_multiples(const Unit& unit);

  ExpressionPool& pool_;
  bool integer_;
  bool none_ = false;
  Limit low_;
  std::optional<Limit> high_;
};

void Magnitudes::round_inwards() {
  if (low_.exclusive || !low_.fraction.empty()) low_ = {incremented(low_.whole), ""};
  if (!high_) return;
  if (high_->exclusive && high_->fraction.empty()) {
    none_ = high_->whole == "0";
    if (!none_) high_->whole = decremented(high_->whole);
  }
  high_ = Limit{high_->whole, ""};
  const std::size_t low = low_.whole.size(), high = high_->whole.size();
  none_ = none_ || low > high || (low == high && low_.whole > high_->whole);
}

Expression Magnitudes::plain(std::uint32_t digits_max) {
  if (none_) return ExpressionPool::nothing();
  const std::size_t low = low_.whole.size();
  if (!high_) return pool_.either(whole(0, low, {true, false}), longer(low + 1, digits_max));
  const std::size_t high = high_->whole.size();
  if (low == high) return whole(0, low, {true, true});
  return pool_.either({whole(0, low, {true, false}), whole(0, high, {false, true}),
                       longer(low + 1, static_cast<std::uint32_t>(high - 1))});
}

// One digit from `least` to `most`, and what may follow it: on the edges that are bounds the bound
// stays tight.
template <typename Rest>
Expression Magnitudes::next_digit(char least, char most, Tight tight, Rest rest) {
  if (tight.low && tight.high && least == most) {
    return pool_.concat(digits(least, most), rest(tight));
  }
  std::vector<Expression> ways;
  if (tight.low) ways.push_back(pool_.concat(digits(least, least), rest(Tight{true, false})));
  if (tight.high) ways.push_back(pool_.concat(digits(most, most), rest(Tight{false, true})));
  const Expression between = digits(static_cast<char>(least + (tight.low ? 1 : 0)),
                                    static_cast<char>(most - (tight.high ? 1 : 0)));
  if (between != ExpressionPool::nothing()) {
    ways.push_back(pool_.concat(between, rest(Tight{false, false})));
  }
  return pool_.either(ways);
}

// The digits in front of the point from place `at` on, and what is behind it.
Expression Magnitudes::whole(std::size_t at, std::size_t length, Tight tight) {
  if (at == length) return point(tight);
  const auto left = static_cast<std::uint32_t>(length - at);
  if (!tight.low && !tight.high) return pool_.concat(some_digits(left, left), any_fraction());
  const char lowest = at == 0 && length > 1 ? '1' : '0';
  return next_digit(tight.low ? low_.whole[at] : lowest, tight.high ? high_->whole[at] : '9', tight,
                    [&](Tight next) { return whole(at + 1, length, next); });
}

Expression Magnitudes::point(Tight tight) {
  if (integer_) return ExpressionPool::empty();
  const bool none_allowed = (!tight.low || (low_.fraction.empty() && !low_.exclusive)) &&
                            (!tight.high || !high_->fraction.empty() || !high_->exclusive);
  const Expression some = pool_.concat(pool_.literal("."), fraction(0, tight));
  return none_allowed ? pool_.optional(some) : some;
}

// The digits behind the point from place `at` on; at least one in all. A bound's digits end in no
// zero: while any are left, or it is exclusive, what equals them so far is still too little.
Expression Magnitudes::fraction(std::size_t at, Tight tight) {
  const std::uint32_t least = at == 0 ? 1 : 0;
  const bool low_done = at >= low_.fraction.size();
  if (tight.low && low_done && !low_.exclusive) tight.low = false;
  if (tight.high && at >= high_->fraction.size()) {
    return tight.low || high_->exclusive ? ExpressionPool::nothing() : zeros(least);
  }
  if (!tight.low && !tight.high) return some_digits(least);
  if (!tight.high && low_done) {
    return pool_.concat({zeros(0), digits('1', '9'), some_digits(0)});
  }
  const Expression more = next_digit(tight.low && !low_done ? low_.fraction[at] : '0',
                                     tight.high ? high_->fraction[at] : '9', tight,
                                     [&](Tight next) { return fraction(at + 1, next); });
  return at > 0 && !tight.low ? pool_.optional(more) : more;
}

Expression Magnitudes::with_exponent() {
  if (integer_ || none_) return ExpressionPool::nothing();
  const Expression e = pool_.bytes(ByteSet::of('e') | ByteSet::of('E'));
  const Expression plus = pool_.optional(pool_.literal("+"));
  if (low_.is_zero() &&
      (!high_ || high_->is_zero())) {  // zero stays zero, and the rest is above it
    // No product of the two is beyond a double: readers of JSON refuse those.
    const Expression up =
        pool_.concat({plus, zeros(0), pool_.optional(digits('1', '2')), some_digits(1, 2)});
    const Expression down = pool_.concat(
        {pool_.literal("-"), zeros(0), pool_.optional(digits('1', '3')), some_digits(1, 2)});
    return pool_.concat({plain(kFewDigits), e, pool_.either(up, down)});
  }
  // The form that programs choose for small and for large numbers. Below 1e-04:
  std::vector<Expression> exponents;
  if (low_.is_zero() && (high_->whole != "0" || high_->fraction >= "0001")) {
    const Expression tens = pool_.concat(digits('1', '9'), some_digits(1, 1));
    const Expression hundreds = pool_.concat(digits('1', '3'), some_digits(2, 2));
    exponents.push_back(pool_.concat(
        {pool_.literal("-"), zeros(0), pool_.either({digits('5', '9'), tens, hundreds})}));
  }
  if (!high_ && low_.whole.size() <= 16) {  // 1e+16 and above
    const Expression teens = pool_.concat(digits('1', '1'), digits('6', '9'));
    const Expression tens = pool_.concat(digits('2', '9'), digits('0', '9'));
    const Expression hundreds = pool_.either(pool_.concat(digits('1', '2'), some_digits(2, 2)),
                                             pool_.concat(pool_.literal("30"), digits('0', '7')));
    exponents.push_back(pool_.concat({plus, zeros(0), pool_.either({teens, tens, hundreds})}));
  }
  return pool_.concat({digits('1', '9'), any_fraction(), e, pool_.either(exponents)});
}

Result<Expression> Magnitudes::multiples(const Unit& unit) {
  if (none_) return ExpressionPool::nothing();
  if (const auto few = listed(unit)) return *few;
  const std::uint64_t modulus = integer_ ? modulus_of(unit, 0) : unit.digits;
  if (modulus > kModulusMax) {
    return Error(ErrorKind::invalid_request,
                 "multipleOf would take more than " + std::to_string(kModulusMax) + " states");
  }
  const bool whole_only = integer_ || unit.places == 0;
  Expression all = whole_only ? natural_multiples(unit) : decimal_multiples(unit);
  if (whole_only && !integer_) {
    all = pool_.concat(all, pool_.optional(pool_.concat(pool_.literal("."), zeros(1))));
  }
  return pool_.both(plain(), all);
}

// The integers in bounds where they are few, whatever the modulus.
std::optional<Expression> Magnitudes::listed(const Unit& unit) {
  constexpr std::size_t kDigitsMax = 18;  // fit 64 bits, and so do their sums
  if (!integer_ || !high_ || high_->whole.size() > kDigitsMax) return std::nullopt;
  std::uint64_t step = modulus_of(unit, 0);
  for (int i = 0; i < unit.zeros; ++i) {
    if (step > 1'000'000'000'000'000'000 / 10) return std::nullopt;
    step *= 10;
  }
  const std::uint64_t low = value_of(low_.whole), high = value_of(high_->whole);
  const std::uint64_t first = (low + step - 1) / step * step;
  if (first > high) return ExpressionPool::nothing();
  if ((high - first) / step >= kListedMax) return std::nullopt;
  std::vector<std::string> texts;
  for (std::uint64_t value = first; value <= high; value += step) {
    texts.push_back(std::to_string(value));
  }
  return pool_.one_of(texts);
}

Expression Magnitudes::natural_multiples(const Unit& unit) {
  const std::uint64_t modulus = modulus_of(unit, 0);
  Expression above_zero = pool_.concat(digits('1', '9'), some_digits(0));
  if (modulus > 1) above_zero = pool_.both(above_zero, pool_.multiple_of(modulus));
  const auto count = static_cast<std::uint32_t>(unit.zeros);
  return pool_.either(digits('0', '0'), pool_.concat(above_zero, zeros(count, count)));
}

// By the number of places that are written: the digits, without the point, are a multiple.
Expression Magnitudes::decimal_multiples(const Unit& unit) {
  const Expression natural =
      pool_.either(digits('0', '0'), pool_.concat(digits('1', '9'), some_digits(0)));
  const Expression dot = pool_.literal(".");
  const auto places = static_cast<std::uint32_t>(unit.places);
  if (unit.digits == 1) {
    return pool_.concat(natural,
                        pool_.optional(pool_.concat({dot, some_digits(1, places), zeros(0)})));
  }
  std::vector<Expression> ways;
  for (std::uint32_t written = 0; written <= places; ++written) {
    Expression shape = natural;
    if (written > 0) shape = pool_.concat({natural, dot, some_digits(written, written)});
    const std::uint64_t modulus = modulus_of(unit, static_cast<int>(written));
    if (modulus > 1) shape = pool_.both(shape, pool_.multiple_of(modulus, true));
    ways.push_back(written == places ? pool_.concat(shape, zeros(0)) : shape);
  }
  return pool_.either(ways);
}

Result<Unit> unit_of(const Decimal& multiple_of) {
  constexpr std::size_t kDigitsMax = 18;
  if (multiple_of.negative || multiple_of.digits.empty()) {
    return Error(ErrorKind::invalid_request, "multipleOf must be above 0");
  }
  if (multiple_of.digits.size() > kDigitsMax || multiple_of.exponent < -kMultiplePlacesMax) {
    return Error(ErrorKind::invalid_request, "multipleOf has too many digits");
  }
  return Unit{.digits = value_of(multiple_of.digits),
              .zeros = std::max(multiple_of.exponent, 0),
              .places = std::max(-multiple_of.exponent, 0)};
}

Result<Expression> spelled(ExpressionPool& pool, Magnitudes magnitudes,
                           const std::optional<Unit>& unit) {
  if (unit) return magnitudes.multiples(*unit);
  return pool.either(magnitudes.plain(), magnitudes.with_exponent());
}

bool no_number_between(const NumberBounds& bounds) {
  if (!bounds.minimum || !bounds.maximum) return false;
  const int order = compare(*bounds.minimum, *bounds.maximum);
  return order > 0 || (order == 0 && (bounds.exclusive_minimum || bounds.exclusive_maximum));
}

// The numbers of one sign: 0 is of both. `near` is the bound on the side of 0, `far` the other one,
// both as for positive numbers.
std::optional<Magnitudes> one_sign(ExpressionPool& pool, bool integer,
                                   const std::optional<Decimal>& near, bool near_exclusive,
                                   const std::optional<Decimal>& far, bool far_exclusive) {
  if (far && (far->negative || (far->digits.empty() && far_exclusive))) return std::nullopt;
  const bool bounded = near && !near->negative;
  const Limit low = bounded ? limit_of(*near, near_exclusive) : Limit{"0", ""};
  std::optional<Limit> high;
  if (far) high = limit_of(*far, far_exclusive);
  return Magnitudes(pool, integer, low, high);
}

std::optional<Decimal> negated(std::optional<Decimal> value) {
  if (value && !value->digits.empty()) value->negative = !value->negative;
  return value;
}

}  // namespace

Result<Expression> compile_number(ExpressionPool& pool, const NumberBounds& bounds) {
  std::optional<Unit> unit;
  if (bounds.multiple_of) {
    const Result<Unit> counted = unit_of(*bounds.multiple_of);
    if (!counted) return counted.error();
    unit = *counted;
  }
  if (no_number_between(bounds)) return ExpressionPool::nothing();
  Expression all = ExpressionPool::nothing();
  const auto positive = one_sign(pool, bounds.integer, bounds.minimum, bounds.exclusive_minimum,
                                 bounds.maximum, bounds.exclusive_maximum);
  if (positive) {
    const auto spellings = spelled(pool, *positive, unit);
    if (!spellings) return spellings.error();
    all = *spellings;
  }
  const auto negative =
      one_sign(pool, bounds.integer, negated(bounds.maximum), bounds.exclusive_maximum,
               negated(bounds.minimum), bounds.exclusive_minimum);
  if (negative) {
    const auto spellings = spelled(pool, *negative, unit);
    if (!spellings) return spellings.error();
    all = pool.either(all, pool.concat(pool.literal("-"), *spellings));
  }
  if (!pool.live(all)) all = ExpressionPool::nothing();
  if (pool.exhausted()) {
    return Error(ErrorKind::invalid_request, "the bounds of a number take too many states");
  }
  return all;
}

}  // namespace retort::grammar
