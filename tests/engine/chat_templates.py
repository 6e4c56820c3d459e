# ruff: noqa: E501  (a line break inside a template is text)
"""Small chat templates with the habits of the families people run."""

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

# Tools, thinking with a switch, thinking dropped from the past (Qwen 3).
THINKING = """\
{%- if tools %}<|im_start|>system
{% if messages[0].role == 'system' %}{{ messages[0].content }}
{% endif %}<tools>
{% for tool in tools %}{{ tool | tojson }}
{% endfor %}</tools><|im_end|>
{% elif messages[0].role == 'system' %}<|im_start|>system
{{ messages[0].content }}<|im_end|>
{% endif %}
{%- set ns = namespace(last=0) %}
{%- for m in messages %}{% if m.role == 'user' %}{% set ns.last = loop.index0 %}{% endif %}{% endfor %}
{%- for m in messages %}
{%- if m.role == 'tool' %}<|im_start|>user
<tool_response>{{ m.content }}</tool_response><|im_end|>
{% elif m.role != 'system' or loop.index0 %}{% if m.role != 'system' or not loop.first %}<|im_start|>{{ m.role }}
{% if m.reasoning_content and loop.index0 > ns.last %}<think>
{{ m.reasoning_content }}
</think>

{% endif %}{{ m.content }}
{%- for call in m.tool_calls or [] %}<tool_call>
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
</tool_call>{% endfor %}<|im_end|>
{% endif %}{% endif %}
{%- endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% if enable_thinking is defined and enable_thinking is false %}<think>

</think>

{% endif %}{% endif %}"""

# The prompt itself opens the thinking; arguments are pasted as text (DeepSeek R1).
OPENS_THINKING = """\
{{- bos_token }}{% for m in messages %}
{%- if m.role == 'user' %}<|User|>{{ m.content }}
{%- elif m.role == 'assistant' %}<|Assistant|>
{%- for call in m.tool_calls or [] %}<call>{{ call.function.name + ' ' + call.function.arguments }}</call>{% endfor %}
{{- m.content.split('</think>')[-1] }}{{ eos_token }}
{%- elif m.role == 'tool' %}<out>{{ m.content }}</out>
{%- else %}{{ m.content }}{% endif %}{% endfor %}
{%- if tools %}{% for tool in tools %}{{ tool.function.name }}{% endfor %}{% endif %}
{%- if add_generation_prompt %}<|Assistant|><think>
{% endif %}"""

# No system role, strict turns, "model" for the assistant (Gemma).
STRICT = """\
{{- bos_token }}{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}
{%- for m in messages %}
{%- if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must alternate') }}{% endif %}
<start_of_turn>{{ 'model' if m.role == 'assistant' else m.role }}
{{ m.content | trim }}<end_of_turn>
{% endfor %}
{%- if add_generation_prompt %}<start_of_turn>model
{% endif %}"""

# Strict turns, ids of nine characters, tools only before the last message (Mistral).
NINE = """\
{{- bos_token }}{% if messages[0].role == 'system' %}{% set system = messages[0].content %}{% set rest = messages[1:] %}
{%- else %}{% set rest = messages %}{% endif %}
{%- set ns = namespace(n=0) %}
{%- for m in rest %}{% if m.role == 'user' or (m.role == 'assistant' and not m.tool_calls) %}
{%- if (m.role == 'user') != (ns.n % 2 == 0) %}{{ raise_exception('Turns must alternate') }}{% endif %}
{%- set ns.n = ns.n + 1 %}{% endif %}{% endfor %}
{%- for m in rest %}
{%- if m.role == 'user' %}{% if tools and loop.last %}[AVAILABLE_TOOLS]{{ tools | tojson }}[/AVAILABLE_TOOLS]{% endif %}
{%- if tools and not loop.last and loop.index0 == 0 %}[AVAILABLE_TOOLS]{{ tools | tojson }}[/AVAILABLE_TOOLS]{% endif %}[INST]
{%- if loop.first and system is defined %}{{ system }}

{% endif %}{{ m.content }}[/INST]
{%- elif m.tool_calls %}[TOOL_CALLS][{% for call in m.tool_calls %}
{%- if call.id | length != 9 %}{{ raise_exception('Tool call IDs should be alphanumeric strings with length 9!') }}{% endif %}
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}, "id": "{{ call.id }}"}{% endfor %}]{{ eos_token }}
{%- elif m.role == 'tool' %}[TOOL_RESULTS]{{ m.content }}[/TOOL_RESULTS]
{%- elif m.role == 'assistant' %} {{ m.content }}{{ eos_token }}
{%- else %}{{ raise_exception('Only user and assistant roles are supported') }}{% endif %}{% endfor %}"""

# Content as a list of parts only.
PARTS = """\
{%- for m in messages %}<|{{ m.role }}|>{% for part in m.content %}{% if part.type == 'text' %}{{ part.text }}{% endif %}{% endfor %}<|end|>
{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"""

# Says in the system block whether it may think: switching it changes the whole prefix.
SYSTEM_SWITCH = """\
<|system|>{% if enable_thinking is not defined or enable_thinking %}/think{% else %}/no_think{% endif %}<|end|>
{%- for m in messages %}<|{{ m.role }}|>{{ m.content }}{% if m.reasoning_content %}<think>{{ m.reasoning_content }}</think>{% endif %}<|end|>{% endfor %}
{%- if add_generation_prompt %}<|assistant|>{% endif %}"""

# Switched off, it also leaves out what was thought in earlier turns.
FORGETS = """\
{%- set off = enable_thinking is defined and not enable_thinking %}
{%- for m in messages %}<|{{ m.role }}|>{% if m.reasoning_content and not off %}<think>{{ m.reasoning_content }}</think>{% endif %}{{ m.content }}<|end|>{% endfor %}
{%- if add_generation_prompt %}<|assistant|>{% endif %}"""
