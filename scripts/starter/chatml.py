"""The chat template of the starter: what lessons look like, for llama.cpp and every other program.

It renders exactly what `vocabulary.Vocabulary.conversation` teaches; a test compares the two.
"""

TEMPLATE = """\
{%- macro listed() -%}
{{- '# Tools\\n' -}}
{%- for tool in tools -%}
{{- '\\n- ' + tool.function.name + ': ' + tool.function.description -}}
{%- endfor -%}
{%- endmacro -%}
{%- set told = namespace(tools=not tools) -%}
{%- if tools and (not messages or messages[0].role != 'system') -%}
{{- '<|im_start|>system\\n' + listed() + '<|im_end|>\\n' -}}
{%- set told.tools = true -%}
{%- endif -%}
{%- for message in messages -%}
{{- '<|im_start|>' + message.role + '\\n' + (message.content or '') -}}
{%- if not told.tools -%}
{{- '\\n\\n' + listed() -}}
{%- set told.tools = true -%}
{%- endif -%}
{%- for call in message.tool_calls or [] -%}
{{- '<tool_call>{"name": "' + call.function.name + '", "arguments": ' -}}
{{- (call.function.arguments | tojson) + '}</tool_call>' -}}
{%- endfor -%}
{{- '<|im_end|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}
"""
