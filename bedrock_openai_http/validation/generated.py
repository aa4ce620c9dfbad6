"""Whether a body follows schemas/request.json: yes or no. Generated from that file by `make generate`; do not edit.

A no may be a doubt: dicts and lists of other classes are left to jsonschema, and so is what is wrong and where.

This module never says yes where jsonschema says no.
"""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import re
from typing import Any

_REQUEST_NAMES = frozenset(
    {
        "model",
        "messages",
        "audio",
        "frequency_penalty",
        "function_call",
        "functions",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "metadata",
        "modalities",
        "moderation",
        "n",
        "parallel_tool_calls",
        "prediction",
        "presence_penalty",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "reasoning_effort",
        "response_format",
        "safety_identifier",
        "seed",
        "service_tier",
        "stop",
        "store",
        "stream",
        "stream_options",
        "temperature",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "user",
        "verbosity",
        "web_search_options",
        "amazon-bedrock-guardrailConfig",
    }
)


def _request_model(value: Any) -> bool:
    return isinstance(value, str) and len(value) >= 1


_USER_MESSAGE_NAMES = frozenset({"role", "content", "name"})


_TEXT_PART_NAMES = frozenset({"type", "text", "prompt_cache_breakpoint"})


_PROMPT_CACHE_BREAKPOINT_NAMES = frozenset({"mode", "ttl"})


def _prompt_cache_breakpoint(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _PROMPT_CACHE_BREAKPOINT_NAMES
        and "mode" in value
        and value["mode"] == "explicit"
        and ("ttl" not in value or value["ttl"] in ("30m", "12h"))
    )


def _text_part(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _TEXT_PART_NAMES
        and "type" in value
        and "text" in value
        and value["type"] == "text"
        and isinstance(value["text"], str)
        and ("prompt_cache_breakpoint" not in value or _prompt_cache_breakpoint(value["prompt_cache_breakpoint"]))
    )


_IMAGE_PART_NAMES = frozenset({"type", "image_url", "prompt_cache_breakpoint"})


_IMAGE_PART_IMAGE_URL_NAMES = frozenset({"url", "detail"})


def _image_part_image_url(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _IMAGE_PART_IMAGE_URL_NAMES
        and "url" in value
        and isinstance(value["url"], str)
        and ("detail" not in value or value["detail"] in ("auto", "low", "high", "original"))
    )


def _image_part(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _IMAGE_PART_NAMES
        and "type" in value
        and "image_url" in value
        and value["type"] == "image_url"
        and _image_part_image_url(value["image_url"])
        and ("prompt_cache_breakpoint" not in value or _prompt_cache_breakpoint(value["prompt_cache_breakpoint"]))
    )


_AUDIO_PART_NAMES = frozenset({"type", "input_audio", "prompt_cache_breakpoint"})


_AUDIO_PART_INPUT_AUDIO_NAMES = frozenset({"data", "format"})


def _audio_part_input_audio(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _AUDIO_PART_INPUT_AUDIO_NAMES
        and "data" in value
        and "format" in value
        and isinstance(value["data"], str)
        and value["format"] in ("wav", "mp3")
    )


def _audio_part(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _AUDIO_PART_NAMES
        and "type" in value
        and "input_audio" in value
        and value["type"] == "input_audio"
        and _audio_part_input_audio(value["input_audio"])
        and ("prompt_cache_breakpoint" not in value or _prompt_cache_breakpoint(value["prompt_cache_breakpoint"]))
    )


_FILE_PART_NAMES = frozenset({"type", "file", "prompt_cache_breakpoint"})


_FILE_PART_FILE_NAMES = frozenset({"file_data", "file_id", "filename"})


def _file_part_file(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _FILE_PART_FILE_NAMES
        and ("file_data" not in value or isinstance(value["file_data"], str))
        and ("file_id" not in value or isinstance(value["file_id"], str))
        and ("filename" not in value or isinstance(value["filename"], str))
    )


def _file_part(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _FILE_PART_NAMES
        and "type" in value
        and "file" in value
        and value["type"] == "file"
        and _file_part_file(value["file"])
        and ("prompt_cache_breakpoint" not in value or _prompt_cache_breakpoint(value["prompt_cache_breakpoint"]))
    )


def _user_part(value: Any) -> bool:
    if not (type(value) is dict and "type" in value):
        return False
    if value["type"] == "text":
        return _text_part(value)
    if value["type"] == "image_url":
        return _image_part(value)
    if value["type"] == "input_audio":
        return _audio_part(value)
    if value["type"] == "file":
        return _file_part(value)
    return value["type"] in ("text", "image_url", "input_audio", "file")


def _user_message_content(value: Any) -> bool:
    if isinstance(value, str):
        return True
    return type(value) is list and len(value) >= 1 and all(map(_user_part, value))


def _user_message(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _USER_MESSAGE_NAMES
        and "role" in value
        and "content" in value
        and value["role"] == "user"
        and _user_message_content(value["content"])
        and ("name" not in value or isinstance(value["name"], str))
    )


_ASSISTANT_MESSAGE_NAMES = frozenset(
    {
        "role",
        "content",
        "refusal",
        "name",
        "audio",
        "reasoning",
        "reasoning_content",
        "annotations",
        "tool_calls",
        "function_call",
    }
)


_REFUSAL_PART_NAMES = frozenset({"type", "refusal"})


def _refusal_part(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _REFUSAL_PART_NAMES
        and "type" in value
        and "refusal" in value
        and value["type"] == "refusal"
        and isinstance(value["refusal"], str)
    )


def _assistant_part(value: Any) -> bool:
    if not (type(value) is dict and "type" in value):
        return False
    if value["type"] == "text":
        return _text_part(value)
    if value["type"] == "refusal":
        return _refusal_part(value)
    return value["type"] in ("text", "refusal")


def _assistant_message_content(value: Any) -> bool:
    if isinstance(value, str):
        return True
    if type(value) is list:
        return len(value) >= 1 and all(map(_assistant_part, value))
    return value is None


def _assistant_message_refusal(value: Any) -> bool:
    if isinstance(value, str):
        return True
    return value is None


_ASSISTANT_MESSAGE_AUDIO_NAMES = frozenset({"id", "data", "expires_at", "transcript"})


def _assistant_message_audio_expires_at(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _assistant_message_audio(value: Any) -> bool:
    if type(value) is dict:
        return (
            value.keys() <= _ASSISTANT_MESSAGE_AUDIO_NAMES
            and "id" in value
            and isinstance(value["id"], str)
            and ("data" not in value or isinstance(value["data"], str))
            and ("expires_at" not in value or _assistant_message_audio_expires_at(value["expires_at"]))
            and ("transcript" not in value or isinstance(value["transcript"], str))
        )
    return value is None


_FUNCTION_TOOL_CALL_NAMES = frozenset({"id", "index", "type", "function"})


def _call_index(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_FUNCTION_TOOL_CALL_FUNCTION_NAMES = frozenset({"name", "arguments"})


def _function_tool_call_function(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _FUNCTION_TOOL_CALL_FUNCTION_NAMES
        and "name" in value
        and "arguments" in value
        and isinstance(value["name"], str)
        and isinstance(value["arguments"], str)
    )


def _function_tool_call(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _FUNCTION_TOOL_CALL_NAMES
        and "id" in value
        and "type" in value
        and "function" in value
        and isinstance(value["id"], str)
        and ("index" not in value or _call_index(value["index"]))
        and value["type"] == "function"
        and _function_tool_call_function(value["function"])
    )


_CUSTOM_TOOL_CALL_NAMES = frozenset({"id", "index", "type", "custom"})


_CUSTOM_TOOL_CALL_CUSTOM_NAMES = frozenset({"name", "input"})


def _custom_tool_call_custom(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _CUSTOM_TOOL_CALL_CUSTOM_NAMES
        and "name" in value
        and "input" in value
        and isinstance(value["name"], str)
        and isinstance(value["input"], str)
    )


def _custom_tool_call(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _CUSTOM_TOOL_CALL_NAMES
        and "id" in value
        and "type" in value
        and "custom" in value
        and isinstance(value["id"], str)
        and ("index" not in value or _call_index(value["index"]))
        and value["type"] == "custom"
        and _custom_tool_call_custom(value["custom"])
    )


def _tool_call(value: Any) -> bool:
    if not (type(value) is dict and "type" in value):
        return False
    if value["type"] == "function":
        return _function_tool_call(value)
    if value["type"] == "custom":
        return _custom_tool_call(value)
    return value["type"] in ("function", "custom")


def _assistant_message_tool_calls(value: Any) -> bool:
    return type(value) is list and all(map(_tool_call, value))


_ASSISTANT_MESSAGE_FUNCTION_CALL_NAMES = frozenset({"name", "arguments"})


def _assistant_message_function_call(value: Any) -> bool:
    if type(value) is dict:
        return (
            value.keys() <= _ASSISTANT_MESSAGE_FUNCTION_CALL_NAMES
            and "name" in value
            and "arguments" in value
            and isinstance(value["name"], str)
            and isinstance(value["arguments"], str)
        )
    return value is None


def _assistant_message(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _ASSISTANT_MESSAGE_NAMES
        and "role" in value
        and value["role"] == "assistant"
        and ("content" not in value or _assistant_message_content(value["content"]))
        and ("refusal" not in value or _assistant_message_refusal(value["refusal"]))
        and ("name" not in value or isinstance(value["name"], str))
        and ("audio" not in value or _assistant_message_audio(value["audio"]))
        and ("reasoning" not in value or isinstance(value["reasoning"], str))
        and ("reasoning_content" not in value or isinstance(value["reasoning_content"], str))
        and ("annotations" not in value or type(value["annotations"]) is list)
        and ("tool_calls" not in value or _assistant_message_tool_calls(value["tool_calls"]))
        and ("function_call" not in value or _assistant_message_function_call(value["function_call"]))
    )


_TOOL_MESSAGE_NAMES = frozenset({"role", "content", "tool_call_id", "name"})


def _text_only_part(value: Any) -> bool:
    if not (type(value) is dict and "type" in value):
        return False
    if value["type"] == "text":
        return _text_part(value)
    return value["type"] == "text"


def _text_content(value: Any) -> bool:
    if isinstance(value, str):
        return True
    return type(value) is list and len(value) >= 1 and all(map(_text_only_part, value))


def _tool_message(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _TOOL_MESSAGE_NAMES
        and "role" in value
        and "content" in value
        and "tool_call_id" in value
        and value["role"] == "tool"
        and _text_content(value["content"])
        and isinstance(value["tool_call_id"], str)
        and ("name" not in value or isinstance(value["name"], str))
    )


_INSTRUCTION_MESSAGE_NAMES = frozenset({"role", "content", "name"})


def _instruction_message(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _INSTRUCTION_MESSAGE_NAMES
        and "role" in value
        and "content" in value
        and value["role"] in ("system", "developer")
        and _text_content(value["content"])
        and ("name" not in value or isinstance(value["name"], str))
    )


_FUNCTION_MESSAGE_NAMES = frozenset({"role", "content", "name"})


def _function_message_content(value: Any) -> bool:
    if isinstance(value, str):
        return True
    return value is None


def _function_message(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _FUNCTION_MESSAGE_NAMES
        and "role" in value
        and "content" in value
        and "name" in value
        and value["role"] == "function"
        and _function_message_content(value["content"])
        and isinstance(value["name"], str)
    )


def _message_role(value: Any) -> bool:
    return value in ("developer", "system", "user", "assistant", "tool", "function")


def _message(value: Any) -> bool:
    if not (type(value) is dict and "role" in value):
        return False
    if value["role"] == "user":
        return _user_message(value)
    if value["role"] == "assistant":
        return _assistant_message(value)
    if value["role"] == "tool":
        return _tool_message(value)
    if value["role"] in ("system", "developer"):
        return _instruction_message(value)
    if value["role"] == "function":
        return _function_message(value)
    return _message_role(value["role"])


def _request_messages(value: Any) -> bool:
    return type(value) is list and len(value) >= 1 and all(map(_message, value))


_AUDIO_OUTPUT_NAMES = frozenset({"voice", "format"})


_AUDIO_OUTPUT_VOICE_NAMES = frozenset({"id"})


def _audio_output_voice(value: Any) -> bool:
    if isinstance(value, str):
        return True
    return (
        type(value) is dict
        and value.keys() <= _AUDIO_OUTPUT_VOICE_NAMES
        and "id" in value
        and isinstance(value["id"], str)
    )


def _audio_output_format(value: Any) -> bool:
    return value in ("wav", "aac", "mp3", "flac", "opus", "pcm16")


def _audio_output(value: Any) -> bool:
    if type(value) is dict:
        return (
            value.keys() <= _AUDIO_OUTPUT_NAMES
            and "voice" in value
            and "format" in value
            and _audio_output_voice(value["voice"])
            and _audio_output_format(value["format"])
        )
    return value is None


def _request_frequency_penalty(value: Any) -> bool:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value >= -2 and value <= 2
    return value is None


_NAMED_NAMES = frozenset({"name"})


def _named(value: Any) -> bool:
    return type(value) is dict and value.keys() <= _NAMED_NAMES and "name" in value and isinstance(value["name"], str)


def _request_function_call(value: Any) -> bool:
    if not (isinstance(value, str) or type(value) is dict):
        return False
    if isinstance(value, str):
        return value in ("none", "auto")
    return _named(value)


_FUNCTION_DEFINITION_NAMES = frozenset({"name", "description", "parameters"})


def _identifier(value: Any) -> bool:
    return isinstance(value, str) and re.search("^[A-Za-z0-9_-]{1,64}(?!\\n)$", value) is not None


def _function_definition(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _FUNCTION_DEFINITION_NAMES
        and "name" in value
        and _identifier(value["name"])
        and ("description" not in value or isinstance(value["description"], str))
        and ("parameters" not in value or type(value["parameters"]) is dict)
    )


def _request_functions(value: Any) -> bool:
    return type(value) is list and len(value) >= 1 and len(value) <= 128 and all(map(_function_definition, value))


def _request_logit_bias_member(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= -100 and value <= 100


def _request_logit_bias(value: Any) -> bool:
    if type(value) is dict:
        return all(map(_request_logit_bias_member, value.values()))
    return value is None


def _request_logprobs(value: Any) -> bool:
    if isinstance(value, bool):
        return True
    return value is None


def _request_max_completion_tokens(value: Any) -> bool:
    if isinstance(value, int) and not isinstance(value, bool):
        return True
    return value is None


def _request_max_tokens(value: Any) -> bool:
    if isinstance(value, int) and not isinstance(value, bool):
        return True
    return value is None


def _request_metadata_name(value: Any) -> bool:
    return not isinstance(value, str) or len(value) <= 64


def _request_metadata_member(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 512


def _request_metadata(value: Any) -> bool:
    if type(value) is dict:
        return (
            len(value) <= 16
            and all(map(_request_metadata_name, value))
            and all(map(_request_metadata_member, value.values()))
        )
    return value is None


def _request_modalities_item(value: Any) -> bool:
    return value in ("text", "audio")


def _request_modalities(value: Any) -> bool:
    if type(value) is list:
        return all(map(_request_modalities_item, value))
    return value is None


_MODERATION_NAMES = frozenset({"model", "policy"})


_MODERATION_POLICY_NAMES = frozenset({"input", "output"})


_MODERATION_MODE_NAMES = frozenset({"mode"})


def _moderation_mode(value: Any) -> bool:
    if type(value) is dict:
        return value.keys() <= _MODERATION_MODE_NAMES and "mode" in value and value["mode"] in ("score", "block")
    return value is None


def _moderation_policy(value: Any) -> bool:
    if type(value) is dict:
        return (
            value.keys() <= _MODERATION_POLICY_NAMES
            and ("input" not in value or _moderation_mode(value["input"]))
            and ("output" not in value or _moderation_mode(value["output"]))
        )
    return value is None


def _moderation(value: Any) -> bool:
    if type(value) is dict:
        return (
            value.keys() <= _MODERATION_NAMES
            and "model" in value
            and isinstance(value["model"], str)
            and ("policy" not in value or _moderation_policy(value["policy"]))
        )
    return value is None


def _request_n(value: Any) -> bool:
    if isinstance(value, int) and not isinstance(value, bool):
        return value >= 1 and value <= 128
    return value is None


_PREDICTION_NAMES = frozenset({"type", "content"})


def _prediction(value: Any) -> bool:
    if type(value) is dict:
        return (
            value.keys() <= _PREDICTION_NAMES
            and "type" in value
            and "content" in value
            and value["type"] == "content"
            and _text_content(value["content"])
        )
    return value is None


def _request_presence_penalty(value: Any) -> bool:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value >= -2 and value <= 2
    return value is None


def _request_prompt_cache_key(value: Any) -> bool:
    if isinstance(value, str):
        return True
    return value is None


_PROMPT_CACHE_OPTIONS_NAMES = frozenset({"mode", "ttl"})


def _prompt_cache_options(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _PROMPT_CACHE_OPTIONS_NAMES
        and ("mode" not in value or value["mode"] in ("implicit", "explicit"))
        and ("ttl" not in value or value["ttl"] == "30m")
    )


def _request_reasoning_effort(value: Any) -> bool:
    return value in ("none", "minimal", "low", "medium", "high", "xhigh", "max", None)


_SIMPLE_FORMAT_NAMES = frozenset({"type"})


def _simple_format(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _SIMPLE_FORMAT_NAMES
        and "type" in value
        and value["type"] in ("text", "json_object")
    )


_JSON_SCHEMA_FORMAT_NAMES = frozenset({"type", "json_schema"})


_JSON_SCHEMA_FORMAT_JSON_SCHEMA_NAMES = frozenset({"name", "description", "schema", "strict"})


def _json_schema_format_json_schema_strict(value: Any) -> bool:
    if isinstance(value, bool):
        return True
    return value is None


def _json_schema_format_json_schema(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _JSON_SCHEMA_FORMAT_JSON_SCHEMA_NAMES
        and "name" in value
        and _identifier(value["name"])
        and ("description" not in value or isinstance(value["description"], str))
        and ("schema" not in value or type(value["schema"]) is dict)
        and ("strict" not in value or _json_schema_format_json_schema_strict(value["strict"]))
    )


def _json_schema_format(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _JSON_SCHEMA_FORMAT_NAMES
        and "type" in value
        and "json_schema" in value
        and value["type"] == "json_schema"
        and _json_schema_format_json_schema(value["json_schema"])
    )


def _response_format(value: Any) -> bool:
    if not (type(value) is dict and "type" in value):
        return False
    if value["type"] in ("text", "json_object"):
        return _simple_format(value)
    if value["type"] == "json_schema":
        return _json_schema_format(value)
    return value["type"] in ("text", "json_object", "json_schema")


def _request_safety_identifier(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= 128
    return value is None


def _request_seed(value: Any) -> bool:
    if isinstance(value, int) and not isinstance(value, bool):
        return value >= -9223372036854775808 and value <= 9223372036854775807
    return value is None


def _request_service_tier(value: Any) -> bool:
    return value in ("auto", "default", "flex", "scale", "priority", "fast", "reserved", None)


def _request_stop_item(value: Any) -> bool:
    return isinstance(value, str)


def _request_stop(value: Any) -> bool:
    if isinstance(value, str):
        return True
    if type(value) is list:
        return len(value) >= 1 and len(value) <= 4 and all(map(_request_stop_item, value))
    return value is None


def _request_store(value: Any) -> bool:
    if isinstance(value, bool):
        return True
    return value is None


def _request_stream(value: Any) -> bool:
    if isinstance(value, bool):
        return True
    return value is None


_STREAM_OPTIONS_NAMES = frozenset({"include_usage", "include_obfuscation"})


def _stream_options(value: Any) -> bool:
    if type(value) is dict:
        return (
            value.keys() <= _STREAM_OPTIONS_NAMES
            and ("include_usage" not in value or isinstance(value["include_usage"], bool))
            and ("include_obfuscation" not in value or isinstance(value["include_obfuscation"], bool))
        )
    return value is None


def _request_temperature(value: Any) -> bool:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value >= 0 and value <= 2
    return value is None


_NAMED_FUNCTION_NAMES = frozenset({"type", "function"})


def _named_function(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _NAMED_FUNCTION_NAMES
        and "type" in value
        and "function" in value
        and value["type"] == "function"
        and _named(value["function"])
    )


_NAMED_CUSTOM_NAMES = frozenset({"type", "custom"})


def _named_custom(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _NAMED_CUSTOM_NAMES
        and "type" in value
        and "custom" in value
        and value["type"] == "custom"
        and _named(value["custom"])
    )


_ALLOWED_TOOLS_NAMES = frozenset({"type", "allowed_tools"})


_ALLOWED_TOOLS_ALLOWED_TOOLS_NAMES = frozenset({"mode", "tools"})


def _allowed_tools_allowed_tools_tools_item(value: Any) -> bool:
    return type(value) is dict


def _allowed_tools_allowed_tools_tools(value: Any) -> bool:
    return type(value) is list and all(map(_allowed_tools_allowed_tools_tools_item, value))


def _allowed_tools_allowed_tools(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _ALLOWED_TOOLS_ALLOWED_TOOLS_NAMES
        and "mode" in value
        and "tools" in value
        and value["mode"] in ("auto", "required")
        and _allowed_tools_allowed_tools_tools(value["tools"])
    )


def _allowed_tools(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _ALLOWED_TOOLS_NAMES
        and "type" in value
        and "allowed_tools" in value
        and value["type"] == "allowed_tools"
        and _allowed_tools_allowed_tools(value["allowed_tools"])
    )


def _tool_choice_object(value: Any) -> bool:
    if not (type(value) is dict and "type" in value):
        return False
    if value["type"] == "function":
        return _named_function(value)
    if value["type"] == "custom":
        return _named_custom(value)
    if value["type"] == "allowed_tools":
        return _allowed_tools(value)
    return value["type"] in ("function", "custom", "allowed_tools")


def _request_tool_choice(value: Any) -> bool:
    if not (isinstance(value, str) or type(value) is dict):
        return False
    if isinstance(value, str):
        return value in ("none", "auto", "required")
    return _tool_choice_object(value)


_FUNCTION_TOOL_NAMES = frozenset({"type", "function"})


_FUNCTION_TOOL_FUNCTION_NAMES = frozenset({"name", "description", "type", "parameters", "strict"})


def _function_tool_function_strict(value: Any) -> bool:
    if isinstance(value, bool):
        return True
    return value is None


def _function_tool_function(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _FUNCTION_TOOL_FUNCTION_NAMES
        and "name" in value
        and _identifier(value["name"])
        and ("description" not in value or isinstance(value["description"], str))
        and ("type" not in value or isinstance(value["type"], str))
        and ("parameters" not in value or type(value["parameters"]) is dict)
        and ("strict" not in value or _function_tool_function_strict(value["strict"]))
    )


def _function_tool(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _FUNCTION_TOOL_NAMES
        and "type" in value
        and "function" in value
        and value["type"] == "function"
        and _function_tool_function(value["function"])
    )


_CUSTOM_TOOL_NAMES = frozenset({"type", "custom"})


_CUSTOM_TOOL_CUSTOM_NAMES = frozenset({"name", "description", "format"})


_TEXT_FORMAT_NAMES = frozenset({"type"})


def _text_format(value: Any) -> bool:
    return type(value) is dict and value.keys() <= _TEXT_FORMAT_NAMES and "type" in value and value["type"] == "text"


_GRAMMAR_FORMAT_NAMES = frozenset({"type", "grammar"})


_GRAMMAR_FORMAT_GRAMMAR_NAMES = frozenset({"definition", "syntax"})


def _grammar_format_grammar(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _GRAMMAR_FORMAT_GRAMMAR_NAMES
        and "definition" in value
        and "syntax" in value
        and isinstance(value["definition"], str)
        and value["syntax"] in ("lark", "regex")
    )


def _grammar_format(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _GRAMMAR_FORMAT_NAMES
        and "type" in value
        and "grammar" in value
        and value["type"] == "grammar"
        and _grammar_format_grammar(value["grammar"])
    )


def _custom_format(value: Any) -> bool:
    if not (type(value) is dict and "type" in value):
        return False
    if value["type"] == "text":
        return _text_format(value)
    if value["type"] == "grammar":
        return _grammar_format(value)
    return value["type"] in ("text", "grammar")


def _custom_tool_custom(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _CUSTOM_TOOL_CUSTOM_NAMES
        and "name" in value
        and _identifier(value["name"])
        and ("description" not in value or isinstance(value["description"], str))
        and ("format" not in value or _custom_format(value["format"]))
    )


def _custom_tool(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _CUSTOM_TOOL_NAMES
        and "type" in value
        and "custom" in value
        and value["type"] == "custom"
        and _custom_tool_custom(value["custom"])
    )


def _tool(value: Any) -> bool:
    if not (type(value) is dict and "type" in value):
        return False
    if value["type"] == "function":
        return _function_tool(value)
    if value["type"] == "custom":
        return _custom_tool(value)
    return value["type"] in ("function", "custom")


def _request_tools(value: Any) -> bool:
    return type(value) is list and all(map(_tool, value))


def _request_top_logprobs(value: Any) -> bool:
    if isinstance(value, int) and not isinstance(value, bool):
        return value >= 0 and value <= 20
    return value is None


def _request_top_p(value: Any) -> bool:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value >= 0 and value <= 1
    return value is None


_WEB_SEARCH_OPTIONS_NAMES = frozenset({"search_context_size", "user_location"})


_WEB_SEARCH_OPTIONS_USER_LOCATION_NAMES = frozenset({"type", "approximate"})


_WEB_SEARCH_OPTIONS_USER_LOCATION_APPROXIMATE_NAMES = frozenset({"country", "region", "city", "timezone"})


def _web_search_options_user_location_approximate(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _WEB_SEARCH_OPTIONS_USER_LOCATION_APPROXIMATE_NAMES
        and ("country" not in value or isinstance(value["country"], str))
        and ("region" not in value or isinstance(value["region"], str))
        and ("city" not in value or isinstance(value["city"], str))
        and ("timezone" not in value or isinstance(value["timezone"], str))
    )


def _web_search_options_user_location(value: Any) -> bool:
    if type(value) is dict:
        return (
            value.keys() <= _WEB_SEARCH_OPTIONS_USER_LOCATION_NAMES
            and "type" in value
            and "approximate" in value
            and value["type"] == "approximate"
            and _web_search_options_user_location_approximate(value["approximate"])
        )
    return value is None


def _web_search_options(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _WEB_SEARCH_OPTIONS_NAMES
        and ("search_context_size" not in value or value["search_context_size"] in ("low", "medium", "high"))
        and ("user_location" not in value or _web_search_options_user_location(value["user_location"]))
    )


_GUARDRAIL_CONFIG_NAMES = frozenset({"tagSuffix", "streamProcessingMode"})


def _guardrail_config_tagSuffix(value: Any) -> bool:
    return isinstance(value, str) and re.search("^[A-Za-z0-9]{1,20}(?!\\n)$", value) is not None


def _guardrail_config(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _GUARDRAIL_CONFIG_NAMES
        and ("tagSuffix" not in value or _guardrail_config_tagSuffix(value["tagSuffix"]))
        and ("streamProcessingMode" not in value or value["streamProcessingMode"] in ("SYNCHRONOUS", "ASYNCHRONOUS"))
    )


def _request(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _REQUEST_NAMES
        and "model" in value
        and "messages" in value
        and _request_model(value["model"])
        and _request_messages(value["messages"])
        and ("audio" not in value or _audio_output(value["audio"]))
        and ("frequency_penalty" not in value or _request_frequency_penalty(value["frequency_penalty"]))
        and ("function_call" not in value or _request_function_call(value["function_call"]))
        and ("functions" not in value or _request_functions(value["functions"]))
        and ("logit_bias" not in value or _request_logit_bias(value["logit_bias"]))
        and ("logprobs" not in value or _request_logprobs(value["logprobs"]))
        and ("max_completion_tokens" not in value or _request_max_completion_tokens(value["max_completion_tokens"]))
        and ("max_tokens" not in value or _request_max_tokens(value["max_tokens"]))
        and ("metadata" not in value or _request_metadata(value["metadata"]))
        and ("modalities" not in value or _request_modalities(value["modalities"]))
        and ("moderation" not in value or _moderation(value["moderation"]))
        and ("n" not in value or _request_n(value["n"]))
        and ("parallel_tool_calls" not in value or isinstance(value["parallel_tool_calls"], bool))
        and ("prediction" not in value or _prediction(value["prediction"]))
        and ("presence_penalty" not in value or _request_presence_penalty(value["presence_penalty"]))
        and ("prompt_cache_key" not in value or _request_prompt_cache_key(value["prompt_cache_key"]))
        and ("prompt_cache_options" not in value or _prompt_cache_options(value["prompt_cache_options"]))
        and ("prompt_cache_retention" not in value or value["prompt_cache_retention"] in ("in_memory", "24h", None))
        and ("reasoning_effort" not in value or _request_reasoning_effort(value["reasoning_effort"]))
        and ("response_format" not in value or _response_format(value["response_format"]))
        and ("safety_identifier" not in value or _request_safety_identifier(value["safety_identifier"]))
        and ("seed" not in value or _request_seed(value["seed"]))
        and ("service_tier" not in value or _request_service_tier(value["service_tier"]))
        and ("stop" not in value or _request_stop(value["stop"]))
        and ("store" not in value or _request_store(value["store"]))
        and ("stream" not in value or _request_stream(value["stream"]))
        and ("stream_options" not in value or _stream_options(value["stream_options"]))
        and ("temperature" not in value or _request_temperature(value["temperature"]))
        and ("tool_choice" not in value or _request_tool_choice(value["tool_choice"]))
        and ("tools" not in value or _request_tools(value["tools"]))
        and ("top_logprobs" not in value or _request_top_logprobs(value["top_logprobs"]))
        and ("top_p" not in value or _request_top_p(value["top_p"]))
        and ("user" not in value or isinstance(value["user"], str))
        and ("verbosity" not in value or value["verbosity"] in ("low", "medium", "high", None))
        and ("web_search_options" not in value or _web_search_options(value["web_search_options"]))
        and (
            "amazon-bedrock-guardrailConfig" not in value
            or _guardrail_config(value["amazon-bedrock-guardrailConfig"])
        )
    )


def is_request(body: Any) -> bool:
    """Return whether `body`, which must be JSON, surely follows the schema."""
    return _request(body)
