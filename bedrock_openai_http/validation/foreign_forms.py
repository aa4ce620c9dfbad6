"""What other APIs write where this one has a body, a message, a part, a tool or a call: how to tell, and what to do.

This module is data, and the small function that reads it. A form is told by its `type` and by names of members; what
stands in them is never looked at, nor repeated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple


class Form(NamedTuple):
    """A form of somebody else's: what tells it, and words that go after what is wrong with it."""

    words: str
    #: Each of these is a member.
    keys: tuple[str, ...] = ()
    #: Its `type` is one of these; empty where it may have any.
    types: tuple[str, ...] = ()

    def fits(self, value: Mapping[str, Any]) -> bool:
        """Tell whether `value` has this form."""
        return all(key in value for key in self.keys) and (not self.types or value.get("type") in self.types)


_FUNCTION = '{"type": "function", "function": {"name": ..., "description": ..., "parameters": ...}}'
_CALL = '{"id": ..., "type": "function", "function": {"name": ..., "arguments": a JSON string}}'
_RESULT = 'a message {"role": "tool", "tool_call_id": ..., "content": ...}'
_TEXT = 'write {"type": "text", "text": ...}'
_IMAGE = 'write {"type": "image_url", "image_url": {"url": "data:image/png;base64,..."}}'
_FILE = 'write {"type": "file", "file": {"file_data": ..., "filename": ...}}'
_SCHEMA = '{"type": "json_schema", "json_schema": {"name": ..., "schema": ...}}'
_FUNCTIONS_ONLY = "this API has functions only, which your own program runs: leave it out"
_NO_VIDEO = "this API takes no video; send frames as images, or use Converse"
_NO_THOUGHTS = "thoughts are not sent back; leave it out"

#: What stands in place of a whole body.
BODIES = (
    Form("this is a line of a batch's results, and no request", ("custom_id", "response")),
    Form("this is a line of a batch's results, and no request", ("recordId", "modelOutput")),
    Form("this is a line of a batch file; the request is its member body", ("custom_id", "body")),
    Form("this is a line of a batch file; the request is its member modelInput", ("modelInput",)),
    Form("this is an answer of the API, and no request", ("choices",)),
    Form('this is a message; a body is {"model": ..., "messages": [the message]}', ("role", "content")),
    Form(
        "conversations is ShareGPT's; here it is messages, with role for its from (human is user, gpt is assistant) "
        "and content for its value",
        ("conversations",),
    ),
    Form("contents is Gemini's; here it is messages, with content for its parts", ("contents",)),
    Form("this is a body for /v1/embeddings, and not for chat completions", ("input", "encoding_format")),
    Form("this is a body for /v1/embeddings, and not for chat completions", ("input", "dimensions")),
    Form(
        "input is what the Responses API (/v1/responses) and /v1/embeddings take; here it is messages: "
        '[{"role": "user", "content": ...}]',
        ("input",),
    ),
    Form('inputText is Titan\'s; here it is messages: [{"role": "user", "content": ...}]', ("inputText",)),
    Form('prompt is for text completions; here it is messages: [{"role": "user", "content": ...}]', ("prompt",)),
)

MESSAGES = (
    Form('this is ShareGPT\'s form; write {"role": "user" or "assistant", "content": ...}', ("from", "value")),
    Form(
        "parts is Gemini's and the Vercel AI SDK's; here a message has content: a text, or parts with a type",
        ("parts",),
    ),
    Form(
        f"this is an item of the Responses API; write an assistant message with tool_calls: [{_CALL}]",
        (),
        ("function_call",),
    ),
    Form(f"this is an item of the Responses API; write {_RESULT}", (), ("function_call_output",)),
    Form(f"this is an item of the Responses API: {_NO_THOUGHTS}", (), ("reasoning",)),
    Form("type is the Responses API's; leave it out of a message", ("role",), ("message",)),
    Form(
        "this is LangChain's form; role takes the place of type, and human is user, ai is assistant",
        ("content",),
        ("human", "ai", "system", "tool", "HumanMessage", "AIMessage"),
    ),
)

PARTS = (
    Form(f"this is a part of the Responses API; {_TEXT}", (), ("input_text", "output_text")),
    Form(f"this is a part of the Responses API; {_IMAGE}", (), ("input_image",)),
    Form(f"this is a part of the Responses API; {_FILE}", (), ("input_file",)),
    Form(f"this is Anthropic's form of an image; {_IMAGE}", ("source",), ("image",)),
    Form(f"this is Anthropic's form of a file; {_FILE}", ("source",), ("document",)),
    Form(f"an image is another part here; {_IMAGE}", (), ("image",)),
    Form(
        f"this is Anthropic's form of a call; it goes in the assistant message's tool_calls: {_CALL}",
        (),
        ("tool_use",),
    ),
    Form(f"this is Anthropic's form of a tool's result; write {_RESULT}", (), ("tool_result",)),
    Form(f"this is Anthropic's: {_NO_THOUGHTS}", (), ("thinking", "redacted_thinking")),
    Form(_NO_THOUGHTS, (), ("reasoning",)),
    Form(f"this is the Vercel AI SDK's form of a call; it goes in tool_calls: {_CALL}", (), ("tool-call",)),
    Form(f"this is the Vercel AI SDK's form of a tool's result; write {_RESULT}", (), ("tool-result",)),
    Form(_NO_VIDEO, (), ("video_url", "video", "input_video")),
    Form(
        'write {"type": "input_audio", "input_audio": {"data": ..., "format": "wav" or "mp3"}}',
        (),
        ("audio", "audio_url"),
    ),
    Form(f"this is Converse's form of a call; it goes in the assistant message's tool_calls: {_CALL}", ("toolUse",)),
    Form(f"this is Converse's form of a tool's result; write {_RESULT}", ("toolResult",)),
    Form("this is Converse's: leave it out", ("cachePoint",)),
    Form(f"this is Converse's: {_NO_THOUGHTS}", ("reasoningContent",)),
    Form(
        "this is Converse's; here the guardrail's tags mark the text to be judged: Guardrail.tag()", ("guardContent",)
    ),
    Form(f"this is Gemini's form of a call; it goes in tool_calls: {_CALL}", ("functionCall",)),
    Form(f"this is Gemini's form of a tool's result; write {_RESULT}", ("functionResponse",)),
    Form(f"this is Gemini's form of an image or a file; {_IMAGE}", ("inlineData",)),
)
#: Those that only count where a part has no `type`.
UNTYPED_PARTS = (
    Form(f"this is Converse's form of an image; {_IMAGE}", ("image",)),
    Form(f"this is Converse's form of a file; {_FILE}", ("document",)),
    Form(_NO_VIDEO, ("video",)),
    Form(f"a part has a type, unlike in Converse; {_TEXT}", ("text",)),
    Form(f"a part has a type; {_IMAGE}", ("image_url",)),
)

TOOLS = (
    Form(
        "the Responses API calls an MCP server's tools, this API does not; list them yourself, each as "
        f"{_FUNCTION} with its inputSchema as parameters",
        (),
        ("mcp",),
    ),
    Form(
        f"this tool is built into the Responses API; {_FUNCTIONS_ONLY}",
        (),
        (
            *("web_search", "web_search_preview", "file_search", "code_interpreter", "image_generation"),
            *("computer", "computer_use", "computer_use_preview", "local_shell", "shell", "apply_patch"),
        ),
    ),
    Form(f"this is MCP's form of a tool; write {_FUNCTION}, its inputSchema as parameters", ("name", "inputSchema")),
    Form(f"this is Anthropic's form of a tool; write {_FUNCTION}, its input_schema as parameters", ("input_schema",)),
    Form(f"this is Converse's form of a tool; write {_FUNCTION}, its inputSchema.json as parameters", ("toolSpec",)),
    Form("this is Converse's: leave it out", ("cachePoint",)),
    Form(f"this is Gemini's form of tools; write each as {_FUNCTION}", ("functionDeclarations",)),
    Form(f"this is Gemini's form of tools; write each as {_FUNCTION}", ("function_declarations",)),
    Form(f"this is the Responses API's form of a tool; write {_FUNCTION}", ("name",), ("function",)),
    Form(
        'this is the Responses API\'s form of a tool; write {"type": "custom", "custom": {"name": ...}}',
        ("name",),
        ("custom",),
    ),
    Form(f"this is a function without its wrapping; write {_FUNCTION}", ("name",)),
    Form('write "type": "function" beside it', ("function",)),
)
_ANTHROPIC_BUILT_IN = Form(f"this tool is built into Anthropic's API; {_FUNCTIONS_ONLY}")

CALLS = (
    Form(f"this is LangChain's form of a call; write {_CALL}", ("args",)),
    Form(f"this is Anthropic's form of a call; write {_CALL}", (), ("tool_use",)),
    Form(f"this is Converse's form of a call; write {_CALL}", ("toolUseId",)),
    Form(f"this is a function without its wrapping; write {_CALL}", ("name",)),
    Form('write "type": "function" beside it', ("function",)),
)

TOOL_CHOICES = (
    Form(
        'this is the Responses API\'s form; write {"type": "function", "function": {"name": ...}}',
        ("name",),
        ("function",),
    ),
    Form('this is Anthropic\'s form; write {"type": "function", "function": {"name": ...}}', ("name",), ("tool",)),
    Form('this is Anthropic\'s form; write the text "auto"', (), ("auto",)),
    Form('this is Anthropic\'s form; write the text "required"', (), ("any",)),
    Form('this is Anthropic\'s form; write the text "none"', (), ("none",)),
    Form('this is Converse\'s form; write the text "auto"', ("auto",)),
    Form('this is Converse\'s form; write the text "required"', ("any",)),
    Form('this is Converse\'s form; write {"type": "function", "function": {"name": ...}}', ("tool",)),
)

FORMATS = (
    Form(
        f"this is the Responses API's form; write {_SCHEMA}",
        ("schema",),
        ("json_schema",),
    ),
    Form(f"a JSON schema goes in {_SCHEMA}", ("schema",)),
)


def tool_form(tool: Mapping[str, Any]) -> Form | None:
    """Return the foreign form of a tool, or None."""
    kind = tool.get("type")
    if isinstance(kind, str) and kind in ("function", "custom") and kind in tool:
        return None
    if isinstance(kind, str) and re.fullmatch(r"[a-z_]{1,40}_20[0-9]{6}", kind):
        return _ANTHROPIC_BUILT_IN
    return form_of(tool, TOOLS)


def part_form(part: Mapping[str, Any]) -> Form | None:
    """Return the foreign form of a part of a message's content, or None."""
    return form_of(part, PARTS) or (None if "type" in part else form_of(part, UNTYPED_PARTS))


def call_form(call: Mapping[str, Any]) -> Form | None:
    """Return the foreign form of a tool call, or None."""
    return None if "function" in call and "type" in call else form_of(call, CALLS)


def form_of(value: Mapping[str, Any], forms: tuple[Form, ...]) -> Form | None:
    """Return the first of `forms` that `value` has, or None."""
    return next((form for form in forms if form.fits(value)), None)
