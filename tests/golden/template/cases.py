"""The templates that make_goldens.py renders: (template, variables) or just the template."""

M = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Hi <|im_end|> & 'you' \"there\""},
    {"role": "assistant", "content": None, "tool_calls": [
        {"id": "c1", "type": "function",
         "function": {"name": "f", "arguments": {"x": 1, "y": [1.5, None, True], "z": "é\n"}}}]},
    {"role": "tool", "tool_call_id": "c1", "content": "42"},
]
V = {"messages": M, "s": "Hello, Wörld", "n": 7, "f": 2.5, "l": [3, 1, 2], "d": {"b": 1, "a": 2},
     "none": None, "t": True, "e": "", "words": ["b", "A", "c", "a"],
     "rows": [{"n": "x", "v": 3, "g": "B"}, {"n": "y", "v": 1, "g": "a"}, {"n": "z", "v": 2, "g": "b"}]}

EXPRESSIONS = r"""
1 + 2 * 3 - 4 / 2
7 // 2
-7 // 2
7 // -2
7 % 3
-7 % 3
7 % -3
-7.5 % 2
7.5 // 2
-7.5 // 2
2 ** 10
2 ** -1
2 ** 0.5
2 ** 3 ** 2
-2 ** 2
1 / 3
10 / 5
1e3
1.5e-7
1e16
1e15
123456789012345680.0
0.1 + 0.2
1e-5
0.0001
1_000 + 0x1F + 0o17 + 0b101
1.0
-0.0
5.0 // 0.3
true + true
true * 3
1 == 1.0
1 == true
'1' == 1
none == none
undefined == undefined2
1 < 2 < 3
1 < 3 < 2
'a' < 'b'
[1, 2] < [1, 3]
(1, 2) == [1, 2]
[1, [2, 3]] == [1, [2, 3]]
{'a': 1} == {'a': 1.0}
1 in [1, 2]
'a' in 'abc'
'a' not in 'abc'
'a' in {'a': 1}
2 in (1, 2)
3 in range(3)
'' in ''
not 1
not none
1 and 2
0 and 2
0 or 'x'
none or [] or 'z'
'a' ~ 1 ~ none ~ true ~ 1.5 ~ [1] ~ {'k': 'v'}
'a' + 'b' 'c'
'ab' * 3
3 * 'ab'
'ab' * -1
[1, 2] * 2
(1,) * 3
[1] + [2]
(1, 2) + (3,)
'x' if t else 'y'
'x' if e else 'y'
'x' if e
('x' if e) is undefined
1 if 0 else 2 if 0 else 3
l[0]
l[-1]
l[5]
l[5] is undefined
l[1:]
l[:-1]
l[::-1]
l[::2]
l[-2:]
l[10:]
s[1:4]
s[-5:]
s[::-1]
s[7]
s[-4]
s[::3]
(1, 2, 3)[1:]
range(10)[2:8:3]
range(5)[-1]
range(10)[::-2]
d.a
d['a']
d.zz
d.zz is undefined
d['items'] is callable
d.items()
d.keys()
d.values()
d.items() | list
d.get('a')
d.get('q')
d.get('q', 5)
d | length
d | list
d | dictsort
d | dictsort(reverse=true)
d | dictsort(by='value')
{'B': 1, 'a': 2} | dictsort
{'B': 1, 'a': 2} | dictsort(true)
messages[0].role
messages[1]['content']
messages[2].tool_calls[0].function.arguments
messages[2] | tojson
messages[2] | tojson(indent=2)
messages | tojson(indent=4) | length
messages[2].tool_calls[0].function.arguments | tojson(ensure_ascii=true)
d | tojson(sort_keys=true)
d | tojson(indent='--')
d | tojson(indent=0)
[] | tojson(indent=2)
{} | tojson(indent=2)
{'a': [], 'b': {}} | tojson(indent=1)
d | tojson(separators=(',', ':'))
d | tojson(indent=2, separators=(',', ': '))
{1: 2, none: 3, true: 4, 1.5: 5} | tojson
(1, 'a') | tojson
'<b>&"\'/\x01\x7f\u2028' | tojson
'\x7f\u2028\U0001F600' | tojson(true)
1e20 | tojson
1.0 | tojson
none | tojson
s | upper
s | lower
s | title
s | capitalize
'straße ŉ ﬁ ΑΣ ΑΣ. İ' | upper
'straße ŉ ﬁ ΑΣ ΑΣ. İ' | lower
'straße ŉ ﬁ ǆ ΑΣ' | title
'ﬁne STRASSE' | capitalize
'ǆ'.title()
"they're bill's".title()
'aBc'.swapcase()
'Straße'.casefold()
'hello world foo-bar (baz)' | title
'  a b  ' | trim
'xxaxx' | trim('x')
'\u3000a\u00a0\n' | trim
'  a '.lstrip()
'  a '.rstrip()
'abcba'.strip('ab')
'a,b,c'.split(',')
'a,b,c'.split(',', 1)
'a,b,c'.rsplit(',', 1)
' a  b c '.split()
' a  b c '.split(none, 1)
' a  b c '.rsplit(none, 1)
' a  b c '.rsplit(maxsplit=2)
''.split()
''.split(',')
'a\nb\r\nc\u2028d'.splitlines()
'a\nb\n'.splitlines(true)
'abc'.partition('b')
'abc'.rpartition('z')
'abab'.replace('a', 'x')
'abab'.replace('', '-')
'abab'.replace('a', 'x', 1)
'aéb'.replace('é', 'e')
s | replace('l', 'L')
s | replace('l', 'L', 1)
s | replace(1, 2)
123 | replace(2, 'x')
'abc'.find('c')
'abc'.find('z')
'äbcb'.rfind('b')
'äbcb'.index('b')
'äbcb'.count('b')
'aaa'.count('')
'abc'.find('b', 2)
'abc'.startswith('ab')
'abc'.startswith(('x', 'a'))
'abc'.endswith('bc')
'abc'.endswith('b', 0, 2)
'a-b'.removeprefix('a-')
'a-b'.removesuffix('-b')
'7'.zfill(3)
'-7'.zfill(4)
'ab'.ljust(5, '.')
'ab'.rjust(5)
'ab'.center(5, '*')
'abc'.center(6, '*')
'ab' | center(7)
'-'.join(['a', 'b'])
'a\tb'.expandtabs(4)
'abc'.isalpha()
'ab1'.isalnum()
'12'.isdigit()
'½'.isnumeric()
'²'.isdigit()
'٣'.isdecimal()
' \t'.isspace()
'Ab'.isupper()
'AB1'.isupper()
'ab'.islower()
'Ab Cd'.istitle()
'a_1'.isidentifier()
'é'.isascii()
''.isascii()
'{} {}'.format(1, 'a')
'{0}-{0} {x}'.format(1, x=2)
'{:>5}|{:<5}|{:^5}'.format('a', 'b', 'c')
'{:05d} {:+d} {:x} {:,}'.format(42, 7, 255, 1234567)
'{:.2f} {:e} {:g} {:%}'.format(3.14159, 1234.5, 0.00001, 0.25)
'{!r}'.format('a')
'{a[0]} {a[1]}'.format(a=['x', 'y'])
'{{}}'.format()
'%s %d %5.2f %r %%' % ('a', 3, 2.5, 'q')
'%(a)s' % {'a': 1}
'%05d|%-5d|%+d' % (42, 42, 42)
'%x %X %#x %o' % (255, 255, 255, 8)
'%s' % 'x'
'%s' % [1, 2]
'%e %g' % (12345.678, 0.0001)
'%c%c' % (65, 'b')
'%5s|%-5s|%.2s' % ('a', 'b', 'cde')
'%s and %s' | format('a', 'b')
'%(x)s' | format(x=3)
words | sort
words | sort(case_sensitive=true)
words | sort(reverse=true)
rows | sort(attribute='v') | map(attribute='n') | list
rows | sort(attribute='g,v') | map(attribute='n') | join
rows | map(attribute='v') | sum
rows | sum(attribute='v')
rows | sum('v', 10)
rows | selectattr('v', 'gt', 1) | map(attribute='n') | list
rows | selectattr('v', 'equalto', 1) | list
rows | rejectattr('n', 'in', ['x', 'y']) | list
rows | selectattr('zz') | list
rows | selectattr('zz', 'undefined') | list | length
rows | map(attribute='zz', default='-') | list
rows | map(attribute='zz') | list
rows | groupby('g') | list
rows | groupby('g') | map(attribute='grouper') | list
rows | groupby('g', case_sensitive=true) | map('first') | list
rows | max(attribute='v')
rows | min(attribute='v')
words | max
words | min
words | min(case_sensitive=true)
[] | max is undefined
words | map('upper') | list
words | map('replace', 'a', 'x') | join('|')
words | select('equalto', 'a') | list
words | reject('in', 'abc') | list
[1, 0, none, '', 'x'] | select | list
[1, 2, 3, 4] | select('odd') | list
[1, 2, 3, 4] | reject('divisibleby', 2) | list
['a', 'B', 'b', 'A'] | unique | list
['a', 'B', 'b', 'A'] | unique(case_sensitive=true) | list
[1, 1.0, true, 2] | unique | list
rows | unique(attribute='g') | map(attribute='n') | list
l | first
l | last
[] | first is undefined
'' | first is undefined
'héllo' | last
'héllo' | first
l | reverse | list
'héllo' | reverse
d | reverse | list
l | join(',')
l | join(', ', attribute=0) is undefined
rows | join('+', attribute='n')
'abc' | join('-')
l | length
'é€😀' | length
range(5) | length
'abc' | list
range(3) | list
range(5, 0, -2) | list
l | batch(2) | list
l | batch(2, 'x') | list
[1, 2, 3, 4, 5] | slice(2) | list
[1, 2, 3, 4, 5] | slice(3, 'x') | list
d | items | list
'3' | int
'3.9' | int
'x' | int
'x' | int(5)
'0x1f' | int(0, 16)
'ff' | int(base=16)
'1_0' | int
3.9 | int
-3.9 | int
none | int
true | int
' 12 ' | int
'1e3' | int
'3.5' | float
'x' | float
'x' | float(1.5)
'inf' | float
'nan' | float
'1e400' | float
3 | float
2.5 | round
3.5 | round
2.675 | round(2)
-2.5 | round
1234 | round(-2)
1234.5 | round(-2)
2.1 | round(0, 'ceil')
2.19 | round(1, 'floor')
7 | round(1, 'ceil')
-5 | abs
-5.5 | abs
true | abs
undefined | default('d')
none | default('d')
none | default('d', true)
e | d('x', true)
e | default('x', boolean=true)
undefined | default
s | string
5 | string
none | string
'<a href="x">' | e
'<b>' | safe
('<b>' | safe) + '<i>'
'<i>' + ('<b>' | safe)
('<b>' | safe) ~ '<i>'
'<b>' | escape | escape
'<b>' | e | forceescape
('<b>' | safe) | upper
'<b>' | safe is escaped
['<b>' | safe]
'a b/c?d=é' | urlencode
{'a b': 1, 'c': 'ä&'} | urlencode
'one two three' | wordcount
"don't stop" | wordcount
'foo bar baz' | truncate(9)
'foo bar baz qux' | truncate(9)
'foo bar baz qux' | truncate(9, true)
'foo bar baz qux' | truncate(9, false, '..', 0)
'a\nb\n\nc' | indent
'a\nb\n\nc' | indent(2, true)
'a\nb\n\nc' | indent(2, blank=true)
'a\nb' | indent('> ', first=true)
'a\n' | indent(2)
s is string
n is number
n is integer
f is float
f is integer
t is boolean
t is integer
t is number
none is none
l is sequence
l is iterable
l is mapping
d is mapping
d is sequence
s is sequence
s is iterable
n is iterable
d.items() is sequence
d.items() is iterable
zz is defined
zz is not defined
zz is sequence
zz is iterable
zz is callable
n is odd
n is even
n is divisibleby 7
n is divisibleby(2)
'a' is lower
'A' is upper
n is sameas 7
n is eq 7
n is ne 7
n is gt 3
n is ge(7)
n is lt 3
n is in [7, 8]
n is not in [7, 8]
'upper' is filter
'nope' is filter
'odd' is test
range is callable
s.upper is callable
n is true
t is true
t is false
[] is false
x is defined and x
not x is defined
n is defined == true
[1, 'a', "it's", 'q"', 'b\'"', none, true, 1.5, (1,), (), {}, []]
{'a': {'b': (1, 2)}, 3: none}
'tab\t nl\n bs\\ é \x00 \x7f \u200b \U0001F600 \xa0 \u0378' ~ ''
['tab\t nl\n bs\\ é \x00 \x7f \u200b \U0001F600 \xa0']
'\x41\u00e9\101\q\'\"'
"a\
b"
range(3)
range(1, 10, 2)
namespace(a=1, b='x')
namespace({'a': 1}, b=2).a
namespace(a=1)['a']
dict(a=1, b=2)
dict([('a', 1)], c=3)
dict({'x': 1})
zz
zz ~ 'a'
[zz]
zz | upper
zz | list
zz | join
zz | length
zz | first is undefined
zz == none
zz in [1]
d.zz.yy is defined
d.zz.yy
zz.a
zz['a']
zz()
zz + 1
1 + zz
'a' + zz
zz < 1
-zz
none.a
none.a.b
none['x'] is undefined
none + 'a'
'a' + none
'a' + 1
1 + 'a'
[1] + 'a'
[] + ()
{} + {}
1 < 'a'
none < 1
{} < {}
'a' in none
1 in 'abc'
none | length
5 | length
5 | list
none | join
5 | first
l | map('nope') | list
l | select('nope') | list
l | map | list
words | sum
l | sort(attribute='x')
[1, 'a'] | sort
[{}] | unique | list
1 / 0
1 // 0
1 % 0
1.0 / 0
0 ** -1
s.nope()
s.nope is undefined
l.append(1)
l.append is defined
l.pop()
l.insert(0, 1)
l.sort()
l.copy()
l.count(1)
l.index(2)
l.index(9)
d.pop('a')
d.update({})
d.setdefault('a')
d.clear is defined
d.copy()
s.__class__
s.__class__ is defined
s._x is defined
d._x is defined
{'_x': 1}._x
namespace(_x=1)._x is defined
(1, 2).count(2)
d[[1]] is undefined
{[1]: 2}
l['a'] is undefined
l[none] is undefined
l[1.0] is undefined
l[true]
s[1:'a']
l[::0]
n[1:]
n[0] is undefined
d[1:]
l | batch(0) | list
l | tojson(bad=1)
zz | tojson
[zz] | tojson
range(3) | tojson
d.items() | tojson
(l | map('string')) | tojson
{(1, 2): 3} | tojson
l | map('string') | length
{'a': 1}.items() | first
range(0)
range(2, 2) | list
range('a')
range(1.5)
range()
range(200000)
raise_exception('no ' ~ n)
raise_exception(5)
strftime_now('%d %b %Y')
strftime_now('%Y-%m-%dT%H:%M:%S %A %j %U %p %I %% %y %B %a %f|%z|%Z')
strftime_now('%-d/%-m %e')
s | upper | lower | length + 1
-1 | abs
(-1) | abs
- 1 | abs + 2
1 if true
[1, 2, 3,]
{'a': 1,}
(1,)
()
1, 2
'a' 'b'
"a" ~ 'b' if 1 else 'c'
not 1 == 2
1 + 1 is odd
5 is divisibleby 5 and true
'%s' % 5 + 'a'
l | sum / 2
d.a + d['b'] * 2
s[0].upper()
(s | upper)[0:2]
s.split(', ')[1][0]
messages | selectattr('role', 'equalto', 'user') | map(attribute='content') | first
messages | map(attribute='role') | join(',')
messages[1:] | length
messages[-1].content
messages[2].content is none
messages[0].get('content', '') | trim
messages[2]['tool_calls'][0]['function'].items() | list | length
'x'.join(words | map('upper'))
cycler('a', 'b').next()
joiner()() ~ joiner('-')()
true is boolean and 1 is not boolean
[true, none, 1.0] | string
{1.0: 'a', 1: 'b', true: 'c'}
{'a': 1, 'b': 2, 'a': 3}
[3, 1, 2] | sort | first
['x', 'Y'] | sort | join
1 in [1.0]
true in [1]
'é' < 'z'
'Z' < 'a'
[] | sum
[0.1] * 3
[[1, 2], [3]] | sum(start=[])
(1, 2) ~ ''
'a' if 'b' in 'abc' and not false else 'z'
1 < 2 == true
[1, 2] in [[1, 2]]
((1, 2), 3) == ((1, 2), 3)
s.split(',')[0] | lower | replace('h', 'J') | first
'%d' % 3.99
'%d' % true
'%s' % none
'%d' % 'a'
'%s %s' % ('a',)
'%s' % ('a', 'b')
'{}'.format()
'{x}'.format(y=1)
'abc'.center()
'abc'.split('')
'abc'.join([1])
'abc'.startswith(1)
'abc'.index('z')
x.y.z is defined
""".strip("\n").split("\n")
# One expression above spans two lines: a backslash before a newline within a string.
joined = []
for line in EXPRESSIONS:
    if joined and joined[-1].endswith("\\") and joined[-1].count('"') == 1:
        joined[-1] += "\n" + line
    else:
        joined.append(line)
EXPRESSIONS = joined

TEMPLATES = [
    # Whitespace control.
    "  {% if true %}\n  a\n  {% endif %}\nb\n",
    "a  {%- if true -%}  b  {%- endif -%}  c",
    "a\n  {%+ if true %}\nb{% endif +%}\nc",
    "{{ 1 }}\n{{ 2 -}}\n  {{- 3 }}\n",
    "a {# c #} b\n  {# d #}\ne {#- f -#}  g",
    "{% raw %}\n{{ x }} {% if %}\n{% endraw %}\nend",
    "a {%- raw -%}  {{ x }}  {%- endraw -%} b",
    "\r\na\r\n{% if 1 %}\r\nb\rc{% endif %}\n\n",
    "\t {% set x = 1 %} \n{{ x }}",
    "a{% if 1 %}\n\n\nb{% endif %}\n\n",
    "{{ '{{' }}{{ '%}' }}{{ {'a': {'b': 1}}['a']['b'] }}",
    "x {\n y {{ '}' }} { % %}",
    "\u3000{% if 1 %}x{% endif %}",
    "a\u00a0{%- if 1 %}b{% endif %}",
    "{%if 1%}{{'a'}}{%endif%}",
    "{% if 1: %}x{% endif %}",
    "{% print 1, 2 %}",
    "",
    "\n",
    "\n\n",
    "no tags { at } all % # {",
    "{# unclosed",
    "{{ 'unclosed }}",
    "{{ 1",
    "{% if 1 %}",
    "{% raw %}x",
    "{{ }}",
    "{{ 1 2 }}",
    "{{ (1 }}",
    "{{ 1) }}",
    "{{ [1} }}",
    "{% foo %}",
    "{% endif %}",
    "{% if 1 %}{% endfor %}",
    "{{ a b }}",
    "{{ 1 | nope }}",
    "{% if false %}{{ 1 | nope }}{% endif %}ok",
    "{% if true %}{{ 1 | nope }}{% endif %}",
    "{{ 1 is nope }}",
    "{{ 2 if true else (1 | nope) }}",
    "{% for x in [] %}{{ x | nope }}{% endfor %}",
    "{{ 1 is odd is even }}",
    "{% set 1 = 2 %}",
    "{% set a.b = 2 %}",
    "{% set a %}",
    "{{ 007 }}",
    "{{ $ }}",
    "{{ a! }}",
    # Loops.
    "{% for x in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}"
    "{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }};{% endfor %}",
    "{% for x in l %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }}{% endfor %}",
    "{% for x in l %}{{ loop.previtem is defined }}{{ loop.nextitem is defined }} {% endfor %}",
    "{% for x in l %}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "{% for x in [1, 1, 2, 2, 1] %}{{ loop.changed(x) }} {% endfor %}",
    "{% for x in [] %}a{% else %}b{% endfor %}",
    "{% for x in l %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% else %}else{% endfor %}",
    "{% for x in l %}{% if loop.first %}{% continue %}{% endif %}{{ x }}{% endfor %}",
    "{% for x in [1] %}{% continue %}{% else %}else{% endfor %}",
    "{% for x in [1] %}{% break %}{% else %}else{% endfor %}",
    "{% for x in l if x > 1 %}{{ x }}{{ loop.index }}{{ loop.length }}{{ loop.last }}{% endfor %}",
    "{% for x in l if x > 9 %}{{ x }}{% else %}none{% endfor %}",
    "{% for k, v in d.items() %}{{ k }}={{ v }},{% endfor %}",
    "{% for k in d %}{{ k }}{% endfor %}",
    "{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% for a, b in [(1, 2, 3)] %}{% endfor %}",
    "{% for a, b in [(1,)] %}{% endfor %}",
    "{% for a, b in [1] %}{% endfor %}",
    "{% for a, b in ['xy', 'zw'] %}{{ b }}{{ a }}{% endfor %}",
    "{% for x in 'héy' %}{{ x }},{% endfor %}",
    "{% for x in 5 %}{% endfor %}",
    "{% for x in none %}{% endfor %}",
    "{% for x in zz %}a{% else %}b{% endfor %}",
    "{% for x in 1, 2 %}{{ x }}{% endfor %}",
    "{% for i in range(3) %}{% for j in range(2) %}{{ loop.index }}{{ i }}{{ j }} {% endfor %}"
    "{{ loop.index }};{% endfor %}",
    "{% for i in range(2) %}{% set o = loop %}{% for j in range(2) %}{{ o.index }}{{ loop.index }} "
    "{% endfor %}{% endfor %}",
    "{% for x in [1, [2, [3]]] recursive %}{{ loop.depth }}:{% if x is iterable %}"
    "{{ loop(x) }}{% else %}{{ x }} {% endif %}{% endfor %}",
    "{% for x in [1] %}{{ loop([2]) }}{% endfor %}",
    "{{ loop }}",
    "{{ loop is defined }}{% for x in [1] %}{{ loop is defined }}{% else %}{% endfor %}",
    "{% for loop in [1] %}{% endfor %}",
    "{% for x in l %}{% set loop = 1 %}{% endfor %}",
    "{% break %}",
    "{% for x in l %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}",
    "{% for x in l %}{% filter upper %}{% break %}{% endfilter %}{% endfor %}z",
    "{% for x in l | map('string') %}{{ loop.last }}{{ loop.length }} {% endfor %}",
    "{% for x in l %}{{ loop }} {% endfor %}",
    "{% for x in l if loop.first %}{{ x }}{% endfor %}",
    "{% for x in l | reverse %}{{ x }}{{ loop.revindex }}{% endfor %}",
    "{% set ns = namespace(c=0) %}{% for x in range(6) if ns.c < 2 %}{{ x }}"
    "{% set ns.c = ns.c + 1 %}{% endfor %}",
    # Scopes.
    "{% set x = 1 %}{% for i in [1] %}{% set x = 2 %}{{ x }}{% endfor %}{{ x }}",
    "{% for i in [1, 2] %}{{ x }}{% set x = i %}{{ x }}{% endfor %}{{ x }}",
    "{% set x = 1 %}{% if true %}{% set x = 2 %}{% endif %}{{ x }}",
    "{% if false %}{% set s = 2 %}{% endif %}{{ s }}",
    "{% for i in [1] %}{{ s }}{% endfor %}{% set s = 'late' %}{{ s }}",
    "{% set s %}[{{ s }}]{% endset %}{{ s }}",
    "{% set s = s ~ '!' %}{{ s }}",
    "{% set ns = namespace(a=1) %}{% for i in l %}{% set ns.a = ns.a + i %}{% endfor %}{{ ns.a }}",
    "{% set ns = namespace() %}{% set ns.x = 1 %}{{ ns.x }}{{ ns.y is defined }}{{ ns }}",
    "{% set ns = namespace() %}{% set ns.a, b = 1, 2 %}{{ ns.a }}{{ b }}",
    "{% set d.x = 1 %}",
    "{% set zz.x = 1 %}",
    "{% set a, b = b, a %}{{ a is defined }}",
    "{% set a = b = 1 %}",
    "{% set a = 1, 2 %}{{ a }}",
    "{% set x | upper %}abc{{ n }}{% endset %}{{ x }}",
    "{% set x | replace('a', 'b') | upper %}abc{% endset %}{{ x }}",
    "{% with a = 1, b = s %}{{ a }}{{ b }}{% set c = 3 %}{% endwith %}{{ a is defined }}{{ c is defined }}",
    "{% set a = 1 %}{% with a = 2, b = a %}{{ a }}{{ b }}{% endwith %}{{ a }}",
    "{% with %}{% set q = 1 %}{{ q }}{% endwith %}{{ q is defined }}",
    "{% filter upper | replace('A', 'x') %}a{{ s }}{% endfilter %}",
    "{% filter indent(2) %}a\nb{% endfilter %}",
    "{% generation %}{{ s }}{% set inner = 1 %}{% endgeneration %}{{ inner is defined }}",
    "{% for m in messages %}{% generation %}{{ m.role }} {% endgeneration %}{% endfor %}",
    "{% for m in l %}{% generation %}{% break %}{% endgeneration %}{% endfor %}",
    "{% block a %}{{ s }}{% endblock %}{% block b %}x{% endblock b %}",
    "{% include 'x' %}",
    "{% if false %}{% include 'x' %}{% endif %}ok",
    "{% import 'x' as y %}",
    # Macros.
    "{% macro m(a, b=2, c=a) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(1) }} {{ m(1, 3) }} {{ m(a=4, c=5) }}",
    "{% macro m(a) %}{{ a is defined }}{% endmacro %}{{ m() }}{{ m(1) }}",
    "{% macro m(a) %}{{ a.b }}{% endmacro %}{{ m() }}",
    "{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}",
    "{% macro m(a) %}{% endmacro %}{{ m(b=2) }}",
    "{% macro m(a) %}{% endmacro %}{{ m(1, a=2) }}",
    "{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, x=3) }}",
    "{% macro m(a, b=1, c) %}{% endmacro %}",
    "{% macro f(n) %}{% if n > 0 %}{{ n }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(5) }}",
    "{% macro m() %}{{ s }}{{ x }}{% endmacro %}{% set x = 1 %}{{ m() }}{% set x = 2 %}{{ m() }}",
    "{% macro m() %}{% set x = 5 %}{{ x }}{% endmacro %}{{ m() }}{{ x is defined }}",
    "{% for i in l %}{% macro m() %}{{ i }}{% endmacro %}{{ m() }}{% endfor %}",
    "{% macro m(x) %}{% for i in range(2) %}{{ x }}{{ i }}{% endfor %}{% endmacro %}{{ m('a') | upper }}",
    "{% macro m(a) -%}  x {{ a }}  {%- endmacro %}[{{ m(1) }}]",
    "{% macro m(a, b='q') %}{% endmacro %}{{ m.name }}{{ m.arguments }}{{ m.catch_kwargs }}{{ m }}",
    "{% macro w(t) %}<{{ t }}>{{ caller() }}</{{ t }}>{% endmacro %}{% call w('b') %}in{{ n }}{% endcall %}",
    "{% macro w() %}{{ caller(1, 2) }}{% endmacro %}{% call(a, b=5, c=7) w() %}{{ a }}{{ b }}{{ c }}{% endcall %}",
    "{% macro w() %}{% endmacro %}{% call w() %}x{% endcall %}",
    "{% macro w() %}{{ caller() }}{% endmacro %}{{ w() }}",
    "{% macro w() %}{{ caller is defined }}{% endmacro %}{{ w() }}{% call w() %}{% endcall %}",
    "{% macro m(l) %}{{ l | join }}{% endmacro %}{{ m(l) }}{{ m(l=[1]) }}",
    "{{ m() }}{% macro m() %}{% endmacro %}",
    "{% macro m() %}a{% endmacro %}{{ m() ~ m() }}{{ m is callable }}{{ (m() | length) + 1 }}",
    "{% set f = range %}{{ f(3) | list }}",
    "{{ range(*[1, 4]) | list }}{{ dict(**{'a': 1}) }}",
    "{% macro m(a, b) %}{{ a }}{{ b }}{% endmacro %}{{ m(*[1], **{'b': 2}) }}",
    "{{ dict(a=1, **{'a': 2}) }}",
    "{{ 'a'.upper(1) }}",
    "{% set c = cycler('a', 'b', 'c') %}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.reset() }}{{ c.next() }}",
    "{% set j = joiner(', ') %}{% for x in l %}{{ j() }}{{ x }}{% endfor %}",
    # Generators are used up.
    "{% set g = l | map('string') %}{{ g | list }}{{ g | list }}",
    "{% set g = l | map('string') %}{{ '3' in g }}{{ g | list }}",
    "{% set r = l | reverse %}{{ r | first }}{{ r | list }}",
    "{% set g = 5 | items %}ok",
    "{% set g = 5 | map('upper') %}ok",
    # What chat templates do.
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' }}{% if m.content is string %}"
    "{{ m.content | trim }}{% endif %}<|im_end|>\n{% endfor %}",
    "{% for m in messages %}{% if m.tool_calls is defined and m.tool_calls %}{% for c in m.tool_calls %}"
    "{{ {'name': c.function.name, 'arguments': c.function.arguments} | tojson }}{% endfor %}{% endif %}{% endfor %}",
    "{% if messages[0]['role'] == 'system' %}{% set sys = messages[0]['content'] %}"
    "{% set messages = messages[1:] %}{% else %}{% set sys = '' %}{% endif %}{{ sys }}{{ messages | length }}",
    "{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}"
    "{{ add_generation_prompt }}",
    "{%- set ns = namespace(multi=true, last=messages|length - 1) -%}"
    "{%- for m in messages[::-1] -%}{%- set index = (messages|length - 1) - loop.index0 -%}"
    "{%- if ns.multi and m.role == 'user' -%}{%- set ns.multi = false -%}{%- set ns.last = index -%}"
    "{%- endif -%}{%- endfor -%}{{ ns.last }}",
    "{{ messages[1].content.split('<|im_end|>')[-1].lstrip('\n') }}",
    "{% macro p(v) %}{% if v is mapping %}{ {% for k, x in v | dictsort %}{{ k }}: {{ p(x) }} {% endfor %}}"
    "{% elif v is sequence and v is not string %}[{% for x in v %}{{ p(x) }},{% endfor %}]{% else %}{{ v }}"
    "{% endif %}{% endmacro %}{{ p(messages[2].tool_calls) }}",
    "{{ raise_exception('Only ' ~ messages | length ~ ' roles!') }}",
    "{% if (messages[0].role == 'user') != (0 % 2 == 0) %}{{ raise_exception('alternate') }}{% endif %}",
]

CASES = [("{{ " + e + " }}", V) for e in EXPRESSIONS] + [(t, V) for t in TEMPLATES]
