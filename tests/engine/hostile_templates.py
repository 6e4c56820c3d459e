"""Templates that want to run code, burn time, fill memory or simply break."""

_GROW = "{% for i in range(64) %}"
_END = "{% endfor %}"

CODE = {
    "subclasses": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "globals": "{{ raise_exception.__globals__['os'].system('touch PWNED') }}",
    "namespace init": "{{ namespace.__init__.__globals__.__builtins__.open('PWNED', 'w') }}",
    "cycler": "{{ cycler.__init__.__globals__.os.popen('touch PWNED').read() }}",
    "attr filter": "{{ ''|attr('__class__')|attr('__mro__') }}",
    "format escape": "{{ '{0.__class__.__mro__}'.format('') }}",
    "format map": "{{ '{a.__class__}'.format_map({'a': ''}) }}",
    "map attribute": "{{ [messages]|map(attribute='__class__')|list }}",
    "import": "{% import 'os' as os %}{{ os.system('touch PWNED') }}",
    "include": "{% include '/etc/passwd' %}",
    "extends": "{% extends '/etc/passwd' %}",
    "self": "{{ self._TemplateReference__context.environment }}",
    "environment": "{{ strftime_now.__self__ }}",
    "mutate the messages": "{{ messages.append(messages) }}{{ messages.clear() }}",
    "bytes": "{{ (1).to_bytes(99999999, 'big') }}",
}

TIME = {
    "power": "{{ 9 ** 99999999 }}",
    "power of a power": "{{ 9 ** 9 ** 9 ** 9 }}",
    "power in disguise": "{{ (messages|length * 9) ** 99999999 }}",
    "product": "{% set ns = namespace(x=7) %}" + _GROW + "{% set ns.x = ns.x * ns.x %}" + _END,
    "nested loops": "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
    "empty filter": "{% for a in range(99999) if false %}{% endfor %}" * 99,
    "filtered loops": (
        "{% for a in range(9999) %}{% for b in range(9999) if false %}{% endfor %}{% endfor %}"
    ),
    "long range": "{{ range(10 ** 12)|list }}",
    "sum of a range": "{{ range(99999999)|sum }}",
    "huge range": "{% for x in range(9 ** 60) %}{% endfor %}",
    "recursion": "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "forking recursion": (
        "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}"
    ),
    "recursive loop": "{% for x in [1, 2] recursive %}{{ loop([1, 2]) }}{% endfor %}",
    "nested maps": "{{ range(9999)|map('string')|map('list')|map('length')|sum }}" * 500,
    "digits": "{{ ('9' * 999999)|int }}",
    "round": "{{ 1.5|round(99999999) }}",
}

MEMORY = {
    "product of text": "{{ 'x' * 9999999999 }}",
    "product of a list": "{{ [0] * 9999999999 }}",
    "doubling by ~": "{% set ns = namespace(x='ab') %}"
    + _GROW
    + "{% set ns.x = ns.x ~ ns.x %}"
    + _END,
    "doubling by +": "{% set ns = namespace(x='ab') %}"
    + _GROW
    + "{% set ns.x = ns.x + ns.x %}"
    + _END,
    "doubling lists": "{% set ns = namespace(x=[1]) %}"
    + _GROW
    + "{% set ns.x = ns.x + ns.x %}"
    + _END,
    "doubling namespaces": (
        "{% set ns = namespace(x=1) %}{% for i in range(26) %}"
        "{% set ns.x = namespace(p=ns.x, q=ns.x) %}{% endfor %}"
        "{{ ns.x }}{{ raise_exception('It has been written.') }}"
    ),
    "doubling varargs": (
        "{% set ns = namespace(v=1) %}{% macro m() %}{% set ns.v = varargs %}{% endmacro %}"
        "{% for i in range(26) %}{{ m(ns.v, ns.v) }}{% endfor %}{{ ns.v }}"
    ),
    "doubling by capture": (
        "{% set ns = namespace(x='ab') %}"
        + _GROW
        + "{% set ns.x %}{{ ns.x }}{{ ns.x }}{% endset %}"
        + _END
    ),
    "doubling by join": (
        "{% set ns = namespace(x='ab') %}" + _GROW + "{% set ns.x = [ns.x, ns.x]|join %}" + _END
    ),
    "doubling by replace": (
        "{% set ns = namespace(x='aa') %}"
        + _GROW
        + "{% set ns.x = ns.x|replace('a', 'aa') %}"
        + _END
    ),
    "doubling by a method": (
        "{% set ns = namespace(x='aa') %}"
        + _GROW
        + "{% set ns.x = ns.x.replace('a', 'aa') %}"
        + _END
    ),
    "doubling by format": (
        "{% set ns = namespace(x='aa') %}" + _GROW + "{% set ns.x = '{0}{0}'.format(ns.x) %}" + _END
    ),
    "doubling by percent": (
        "{% set ns = namespace(x='aa') %}" + _GROW + "{% set ns.x = '%s%s' % (ns.x, ns.x) %}" + _END
    ),
    "wide percent": "{{ '%999999999d' % 1 }}",
    "wide format": "{{ '{:>999999999}'.format(1) }}",
    "wide format by argument": "{{ '{:>{}}'.format(1, 999999999) }}",
    "center": "{{ 'x'.center(999999999) }}",
    "center filter": "{{ 'x'|center(999999999) }}",
    "zfill": "{{ 'x'.zfill(999999999) }}",
    "tabs": "{{ '\\t'.expandtabs(999999999) }}",
    "indent": "{{ 'x\\ny'|indent(999999999) }}",
    "json indent": "{{ [[1]]|tojson(indent=999999999) }}",
    "lipsum": "{{ lipsum(n=9999999) }}",
    "slices": "{{ 'x'|slice(999999999)|list }}",
    "batch": "{{ [1]|batch(999999999, 'x')|list }}",
    "date": "{{ strftime_now('%999999999Y') }}",
    "endless output": "{% for i in range(99999) %}" + "x" * 9999 + "{% endfor %}",
    "captured output": "{% set s %}{% for i in range(99999) %}"
    + "x" * 9999
    + "{% endfor %}{% endset %}",
    "wide join": "{{ range(99999)|join('x' * 99999) }}",
    "truncate": "{{ ('x' * 99999)|truncate(9, end='y' * 9999999) }}",
    "nested list": "{{ [['x' * 9999] * 9999] * 9999 }}",
    "printed nesting": (
        "{% set ns = namespace(x=[1]) %}"
        + _GROW
        + "{% set ns.x = [ns.x, ns.x] %}"
        + _END
        + "{{ ns.x }}"
    ),
    "json of nesting": (
        "{% set ns = namespace(x=[1]) %}"
        + _GROW
        + "{% set ns.x = [ns.x, ns.x] %}"
        + _END
        + "{{ ns.x|tojson }}"
    ),
}

SYNTAX = {
    "open tag": "{% for m in messages %}",
    "unknown tag": "{% frobnicate %}",
    "unknown filter": "{{ messages|frobnicate }}",
    "undefined call": "{{ frobnicate() }}",
    "deep parentheses": "{{ " + "(" * 20000 + "1" + ")" * 20000 + " }}",
    "deep brackets": "{{ " + "[" * 5000 + "]" * 5000 + " }}",
    "deep blocks": "{% if 1 %}" * 5000 + "{% endif %}" * 5000,
    "too long": "x" * 600_000,
    "half surrogate": "{{ '\ud800' }}",
    "refuses everything": "{{ raise_exception('no') }}",
    "says nothing": "",
    "drops the message": "Hello.",
    "wrong key": "{{ messages[0]['nothing']['at all'] }}",
    "division": "{{ 1 / 0 }}",
    "nul": "{{ '\0' }}\0",
}

HOSTILE = CODE | TIME | MEMORY | SYNTAX
