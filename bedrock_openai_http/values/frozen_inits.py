"""The `__init__` of each frozen class, without its defaults. Made by `make generate`; do not edit.

They stand here so that none is compiled while a program runs. This module knows names, and not what they mean.
"""

# mypy: ignore-errors
# ruff: noqa
# fmt: off

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Made:
    """Stands in a signature for a default that is made anew for each instance."""

    def __init__(self, anew: Callable[[], Any]) -> None:
        self.anew = anew

    def __repr__(self) -> str:
        return "<factory>"


#: By another name, since classes have a field called type.
_type = type


def aws_api_keys_ApiKeyInfo(self, kind, region, minted_at, expires_at, access_key_id, account_id, has_session_token):
    own = self.__dict__
    own["kind"] = kind
    own["region"] = region
    own["minted_at"] = minted_at
    own["expires_at"] = expires_at
    own["access_key_id"] = access_key_id
    own["account_id"] = account_id
    own["has_session_token"] = has_session_token


def aws_chain_Known(self, found, read):
    own = self.__dict__
    own["found"] = found
    own["read"] = read


def aws_configuration_Setting(self, value, source):
    own = self.__dict__
    own["value"] = value
    own["source"] = source


def aws_credentials_Credentials(self, access_key, secret_key, token):
    own = self.__dict__
    own["access_key"] = access_key
    own["secret_key"] = secret_key
    own["token"] = token


def aws_credentials_ApiKey(self, value):
    own = self.__dict__
    own["value"] = value


def aws_destination_Options(self, region, endpoint, base_url, allow_insecure, use_fips_endpoint, use_dualstack_endpoint, max_attempts):
    own = self.__dict__
    own["region"] = region
    own["endpoint"] = endpoint
    own["base_url"] = base_url
    own["allow_insecure"] = allow_insecure
    own["use_fips_endpoint"] = use_fips_endpoint
    own["use_dualstack_endpoint"] = use_dualstack_endpoint
    own["max_attempts"] = max_attempts
    self.__post_init__()


def aws_destination_Destination(self, endpoint, region, base_url, use_fips_endpoint, use_dualstack_endpoint, max_attempts):
    own = self.__dict__
    own["endpoint"] = endpoint
    own["region"] = region
    own["base_url"] = base_url
    own["use_fips_endpoint"] = use_fips_endpoint
    own["use_dualstack_endpoint"] = use_dualstack_endpoint
    own["max_attempts"] = max_attempts


def aws_endpoint_Endpoint(self, name, root, api_path, region):
    own = self.__dict__
    own["name"] = name
    own["root"] = root
    own["api_path"] = api_path
    own["region"] = region


def call_error_shapes_ErrorDetails(self, message, type, code, param, status_code, request_id):
    own = self.__dict__
    own["message"] = message
    own["type"] = type
    own["code"] = code
    own["param"] = param
    own["status_code"] = status_code
    own["request_id"] = request_id


def call_events_Event(self, invocation_id, model, endpoint, region, stream, elapsed):
    own = self.__dict__
    own["invocation_id"] = invocation_id
    own["model"] = model
    own["endpoint"] = endpoint
    own["region"] = region
    own["stream"] = stream
    own["elapsed"] = elapsed


def call_events_CallStarted(self, invocation_id, model, endpoint, region, stream, elapsed, server_address, server_port, guardrail, parameters):
    own = self.__dict__
    own["invocation_id"] = invocation_id
    own["model"] = model
    own["endpoint"] = endpoint
    own["region"] = region
    own["stream"] = stream
    own["elapsed"] = elapsed
    own["server_address"] = server_address
    own["server_port"] = server_port
    own["guardrail"] = guardrail
    own["parameters"] = parameters.anew() if _type(parameters) is Made else parameters


def call_events_AttemptStarted(self, invocation_id, model, endpoint, region, stream, elapsed, number):
    own = self.__dict__
    own["invocation_id"] = invocation_id
    own["model"] = model
    own["endpoint"] = endpoint
    own["region"] = region
    own["stream"] = stream
    own["elapsed"] = elapsed
    own["number"] = number


def call_events_AttemptFailed(self, invocation_id, model, endpoint, region, stream, elapsed, number, error_type, status_code, request_id, wait):
    own = self.__dict__
    own["invocation_id"] = invocation_id
    own["model"] = model
    own["endpoint"] = endpoint
    own["region"] = region
    own["stream"] = stream
    own["elapsed"] = elapsed
    own["number"] = number
    own["error_type"] = error_type
    own["status_code"] = status_code
    own["request_id"] = request_id
    own["wait"] = wait


def call_events_ResponseStarted(self, invocation_id, model, endpoint, region, stream, elapsed, status_code, request_id):
    own = self.__dict__
    own["invocation_id"] = invocation_id
    own["model"] = model
    own["endpoint"] = endpoint
    own["region"] = region
    own["stream"] = stream
    own["elapsed"] = elapsed
    own["status_code"] = status_code
    own["request_id"] = request_id


def call_events_FirstChunk(self, invocation_id, model, endpoint, region, stream, elapsed):
    own = self.__dict__
    own["invocation_id"] = invocation_id
    own["model"] = model
    own["endpoint"] = endpoint
    own["region"] = region
    own["stream"] = stream
    own["elapsed"] = elapsed


def call_events_CallEnded(self, invocation_id, model, endpoint, region, stream, elapsed, error_type, status_code, request_id, attempts, usage, response_id, response_model, finish_reasons):
    own = self.__dict__
    own["invocation_id"] = invocation_id
    own["model"] = model
    own["endpoint"] = endpoint
    own["region"] = region
    own["stream"] = stream
    own["elapsed"] = elapsed
    own["error_type"] = error_type
    own["status_code"] = status_code
    own["request_id"] = request_id
    own["attempts"] = attempts
    own["usage"] = usage
    own["response_id"] = response_id
    own["response_model"] = response_model
    own["finish_reasons"] = finish_reasons


def call_events_ToolStarted(self, invocation_id, model, endpoint, region, stream, elapsed, tool, call_id, error_type):
    own = self.__dict__
    own["invocation_id"] = invocation_id
    own["model"] = model
    own["endpoint"] = endpoint
    own["region"] = region
    own["stream"] = stream
    own["elapsed"] = elapsed
    own["tool"] = tool
    own["call_id"] = call_id
    own["error_type"] = error_type


def call_events_ToolEnded(self, invocation_id, model, endpoint, region, stream, elapsed, tool, call_id, error_type):
    own = self.__dict__
    own["invocation_id"] = invocation_id
    own["model"] = model
    own["endpoint"] = endpoint
    own["region"] = region
    own["stream"] = stream
    own["elapsed"] = elapsed
    own["tool"] = tool
    own["call_id"] = call_id
    own["error_type"] = error_type


def call_plan_Plan(self, request, to, endpoint, region, key_region, limits, max_attempts, started, model, stream, max_completion_tokens, guardrail):
    own = self.__dict__
    own["request"] = request
    own["to"] = to
    own["endpoint"] = endpoint
    own["region"] = region
    own["key_region"] = key_region
    own["limits"] = limits
    own["max_attempts"] = max_attempts
    own["started"] = started
    own["model"] = model
    own["stream"] = stream
    own["max_completion_tokens"] = max_completion_tokens
    own["guardrail"] = guardrail


def call_world_World(self, clock, wall, uniform, random_bytes, sleep):
    own = self.__dict__
    own["clock"] = clock
    own["wall"] = wall
    own["uniform"] = uniform
    own["random_bytes"] = random_bytes
    own["sleep"] = sleep


def clients_planning_CallOptions(self, limits, deadline, guardrail, unknown_fields, project, on_event):
    own = self.__dict__
    own["limits"] = limits
    own["deadline"] = deadline
    own["guardrail"] = guardrail
    own["unknown_fields"] = unknown_fields
    own["project"] = project
    own["on_event"] = on_event


def transport_exchange_Refusal(self, words, status, permanent):
    own = self.__dict__
    own["words"] = words
    own["status"] = status
    own["permanent"] = permanent


def transport_failures_Way(self, url, proxy, verify, verify_source, cert, socks_by):
    own = self.__dict__
    own["url"] = url
    own["proxy"] = proxy
    own["verify"] = verify
    own["verify_source"] = verify_source
    own["cert"] = cert
    own["socks_by"] = socks_by


def validation_checking_CheckedRequest(self, body, guardrail, guarded, in_front):
    own = self.__dict__
    own["body"] = body
    own["guardrail"] = guardrail
    own["guarded"] = guarded
    own["in_front"] = in_front


def validation_fields_Flaw(self, path, rule, message, about):
    own = self.__dict__
    own["path"] = path
    own["rule"] = rule
    own["message"] = message
    own["about"] = about


def validation_lint_rules_Rule(self, tag, name, field, models, applies, message, endpoints):
    own = self.__dict__
    own["tag"] = tag
    own["name"] = name
    own["field"] = field
    own["models"] = models
    own["applies"] = applies
    own["message"] = message
    own["endpoints"] = endpoints


def validation_models_Model(self, runtime, mantle, profiles, tag, source, mantle_regions, burn):
    own = self.__dict__
    own["runtime"] = runtime
    own["mantle"] = mantle
    own["profiles"] = profiles
    own["tag"] = tag
    own["source"] = source
    own["mantle_regions"] = mantle_regions
    own["burn"] = burn


def validation_models_Family(self, start, name, mantle_path, chat, tag, source, version):
    own = self.__dict__
    own["start"] = start
    own["name"] = name
    own["mantle_path"] = mantle_path
    own["chat"] = chat
    own["tag"] = tag
    own["source"] = source
    own["version"] = version


def validation_models_Models(self, families, since, starts, but):
    own = self.__dict__
    own["families"] = families
    own["since"] = since
    own["starts"] = starts
    own["but"] = but


def validation_models_Profile(self, prefix, regions, tag, source):
    own = self.__dict__
    own["prefix"] = prefix
    own["regions"] = regions
    own["tag"] = tag
    own["source"] = source


def values_answer_message_Message(self, role, content, text, reasoning, refusal, tool_calls, annotations, audio, function_call, extra):
    own = self.__dict__
    own["role"] = role
    own["content"] = content
    own["text"] = text
    own["reasoning"] = reasoning
    own["refusal"] = refusal
    own["tool_calls"] = tool_calls
    own["annotations"] = annotations
    own["audio"] = audio
    own["function_call"] = function_call
    own["extra"] = extra.anew() if _type(extra) is Made else extra


def values_chunk_ChatCompletionChunk(self, id, created, model, choices, usage, service_tier, system_fingerprint, object, extra, raw):
    own = self.__dict__
    own["id"] = id
    own["created"] = created
    own["model"] = model
    own["choices"] = choices
    own["usage"] = usage
    own["service_tier"] = service_tier
    own["system_fingerprint"] = system_fingerprint
    own["object"] = object
    own["extra"] = extra.anew() if _type(extra) is Made else extra
    own["raw"] = raw.anew() if _type(raw) is Made else raw


def values_completion_Choice(self, index, message, finish_reason, logprobs, extra):
    own = self.__dict__
    own["index"] = index
    own["message"] = message
    own["finish_reason"] = finish_reason
    own["logprobs"] = logprobs
    own["extra"] = extra.anew() if _type(extra) is Made else extra


def values_completion_ChatCompletion(self, id, created, model, choices, usage, service_tier, system_fingerprint, object, request_id, extra, raw, attempts, elapsed, response):
    own = self.__dict__
    own["id"] = id
    own["created"] = created
    own["model"] = model
    own["choices"] = choices
    own["usage"] = usage
    own["service_tier"] = service_tier
    own["system_fingerprint"] = system_fingerprint
    own["object"] = object
    own["request_id"] = request_id
    own["extra"] = extra.anew() if _type(extra) is Made else extra
    own["raw"] = raw.anew() if _type(raw) is Made else raw
    own["attempts"] = attempts
    own["elapsed"] = elapsed
    own["response"] = response


def values_delta_FunctionCallDelta(self, name, arguments):
    own = self.__dict__
    own["name"] = name
    own["arguments"] = arguments


def values_delta_ToolCallDelta(self, index, id, type, function, extra):
    own = self.__dict__
    own["index"] = index
    own["id"] = id
    own["type"] = type
    own["function"] = function
    own["extra"] = extra.anew() if _type(extra) is Made else extra


def values_delta_Delta(self, role, content, text, reasoning, refusal, tool_calls, function_call, extra):
    own = self.__dict__
    own["role"] = role
    own["content"] = content
    own["text"] = text
    own["reasoning"] = reasoning
    own["refusal"] = refusal
    own["tool_calls"] = tool_calls
    own["function_call"] = function_call
    own["extra"] = extra.anew() if _type(extra) is Made else extra


def values_delta_ChunkChoice(self, index, delta, finish_reason, logprobs, extra):
    own = self.__dict__
    own["index"] = index
    own["delta"] = delta
    own["finish_reason"] = finish_reason
    own["logprobs"] = logprobs
    own["extra"] = extra.anew() if _type(extra) is Made else extra


def values_guardrail_outcome_GuardrailOutcome(self, intervened, trace):
    own = self.__dict__
    own["intervened"] = intervened
    own["trace"] = trace


def values_http_HTTPRequest(self, method, url, headers, body):
    own = self.__dict__
    own["method"] = method
    own["url"] = url
    own["headers"] = headers
    own["body"] = body
    self.__post_init__()


def values_http_HTTPResponse(self, status_code, headers, body):
    own = self.__dict__
    own["status_code"] = status_code
    own["headers"] = headers.anew() if _type(headers) is Made else headers
    own["body"] = body
    self.__post_init__()


def values_http_TimeLimits(self, connect, read, deadline):
    own = self.__dict__
    own["connect"] = connect
    own["read"] = read
    own["deadline"] = deadline


def values_kinds_kind_Member(self, name, hint, description, has_default):
    own = self.__dict__
    own["name"] = name
    own["hint"] = hint
    own["description"] = description
    own["has_default"] = has_default


def values_kinds_kind_Kind(self, name, schema, full, value_of, strict, exact, wrapped, plain_of):
    own = self.__dict__
    own["name"] = name
    own["schema"] = schema
    own["full"] = full
    own["value_of"] = value_of
    own["strict"] = strict
    own["exact"] = exact
    own["wrapped"] = wrapped
    own["plain_of"] = plain_of


def values_kinds_texts_TextKind(self, format, words, must, pattern, make):
    own = self.__dict__
    own["format"] = format
    own["words"] = words
    own["must"] = must
    own["pattern"] = pattern
    own["make"] = make


def values_messages_TextPart(self, text, *, extra, prompt_cache_breakpoint):
    own = self.__dict__
    own["extra"] = extra
    own["text"] = text
    own["prompt_cache_breakpoint"] = prompt_cache_breakpoint
    self.__post_init__()


def values_messages_RefusalPart(self, refusal, *, extra):
    own = self.__dict__
    own["extra"] = extra
    own["refusal"] = refusal
    self.__post_init__()


def values_messages_ImagePart(self, url, *, extra, detail, prompt_cache_breakpoint):
    own = self.__dict__
    own["extra"] = extra
    own["url"] = url
    own["detail"] = detail
    own["prompt_cache_breakpoint"] = prompt_cache_breakpoint
    self.__post_init__()


def values_messages_AudioPart(self, data, format, *, extra, prompt_cache_breakpoint):
    own = self.__dict__
    own["extra"] = extra
    own["data"] = data
    own["format"] = format
    own["prompt_cache_breakpoint"] = prompt_cache_breakpoint
    self.__post_init__()


def values_messages_FilePart(self, *, extra, file_data, file_id, filename, prompt_cache_breakpoint):
    own = self.__dict__
    own["extra"] = extra
    own["file_data"] = file_data
    own["file_id"] = file_id
    own["filename"] = filename
    own["prompt_cache_breakpoint"] = prompt_cache_breakpoint
    self.__post_init__()


def values_messages_FunctionCall(self, name, arguments, *, extra):
    own = self.__dict__
    own["extra"] = extra
    own["name"] = name
    own["arguments"] = arguments
    self.__post_init__()


def values_messages_CustomCall(self, name, input, *, extra):
    own = self.__dict__
    own["extra"] = extra
    own["name"] = name
    own["input"] = input
    self.__post_init__()


def values_messages_ToolCall(self, id, function, type, *, extra, index):
    own = self.__dict__
    own["extra"] = extra
    own["id"] = id
    own["function"] = function
    own["type"] = type
    own["index"] = index
    self.__post_init__()


def values_messages_CustomToolCall(self, id, custom, type, *, extra, index):
    own = self.__dict__
    own["extra"] = extra
    own["id"] = id
    own["custom"] = custom
    own["type"] = type
    own["index"] = index
    self.__post_init__()


def values_messages_SystemMessage(self, content, *, extra, name):
    own = self.__dict__
    own["extra"] = extra
    own["content"] = content
    own["name"] = name
    self.__post_init__()


def values_messages_DeveloperMessage(self, content, *, extra, name):
    own = self.__dict__
    own["extra"] = extra
    own["content"] = content
    own["name"] = name
    self.__post_init__()


def values_messages_UserMessage(self, content, *, extra, name):
    own = self.__dict__
    own["extra"] = extra
    own["content"] = content
    own["name"] = name
    self.__post_init__()


def values_messages_AssistantMessage(self, content, *, extra, refusal, name, audio, tool_calls, function_call, reasoning, reasoning_content, annotations):
    own = self.__dict__
    own["extra"] = extra
    own["content"] = content
    own["refusal"] = refusal
    own["name"] = name
    own["audio"] = audio
    own["tool_calls"] = tool_calls
    own["function_call"] = function_call
    own["reasoning"] = reasoning
    own["reasoning_content"] = reasoning_content
    own["annotations"] = annotations
    self.__post_init__()


def values_messages_ToolMessage(self, content, tool_call_id, *, extra, name):
    own = self.__dict__
    own["extra"] = extra
    own["content"] = content
    own["tool_call_id"] = tool_call_id
    own["name"] = name
    self.__post_init__()


def values_messages_FunctionMessage(self, content, name, *, extra):
    own = self.__dict__
    own["extra"] = extra
    own["content"] = content
    own["name"] = name
    self.__post_init__()


def values_messages_OtherPart(self, type, *, extra):
    own = self.__dict__
    own["extra"] = extra
    own["type"] = type
    self.__post_init__()


def values_messages_OtherToolCall(self, type, id, *, extra):
    own = self.__dict__
    own["extra"] = extra
    own["type"] = type
    own["id"] = id
    self.__post_init__()


def values_parsed_Parsed(self, value, completion, usage, how):
    own = self.__dict__
    own["value"] = value
    own["completion"] = completion
    own["usage"] = usage
    own["how"] = how


def values_request_FunctionTool(self, name, *, extra, description, parameters, strict):
    own = self.__dict__
    own["extra"] = extra
    own["name"] = name
    own["description"] = description
    own["parameters"] = parameters
    own["strict"] = strict
    self.__post_init__()


def values_request_CustomTool(self, name, *, extra, description, format):
    own = self.__dict__
    own["extra"] = extra
    own["name"] = name
    own["description"] = description
    own["format"] = format
    self.__post_init__()


def values_request_OtherTool(self, type, *, extra):
    own = self.__dict__
    own["extra"] = extra
    own["type"] = type
    self.__post_init__()


def values_request_Guardrail(self, identifier, version, trace, tag_suffix, stream_processing_mode):
    own = self.__dict__
    own["identifier"] = identifier
    own["version"] = version
    own["trace"] = trace
    own["tag_suffix"] = tag_suffix
    own["stream_processing_mode"] = stream_processing_mode


def values_request_ChatCompletionRequest(self, model, messages, *, audio, frequency_penalty, function_call, functions, logit_bias, logprobs, max_completion_tokens, max_tokens, metadata, modalities, moderation, n, parallel_tool_calls, prediction, presence_penalty, prompt_cache_key, prompt_cache_options, prompt_cache_retention, reasoning_effort, response_format, safety_identifier, seed, service_tier, stop, store, stream, stream_options, temperature, tool_choice, tools, top_logprobs, top_p, user, verbosity, web_search_options, guardrail, extra_body):
    own = self.__dict__
    own["model"] = model
    own["messages"] = messages
    own["audio"] = audio
    own["frequency_penalty"] = frequency_penalty
    own["function_call"] = function_call
    own["functions"] = functions
    own["logit_bias"] = logit_bias
    own["logprobs"] = logprobs
    own["max_completion_tokens"] = max_completion_tokens
    own["max_tokens"] = max_tokens
    own["metadata"] = metadata
    own["modalities"] = modalities
    own["moderation"] = moderation
    own["n"] = n
    own["parallel_tool_calls"] = parallel_tool_calls
    own["prediction"] = prediction
    own["presence_penalty"] = presence_penalty
    own["prompt_cache_key"] = prompt_cache_key
    own["prompt_cache_options"] = prompt_cache_options
    own["prompt_cache_retention"] = prompt_cache_retention
    own["reasoning_effort"] = reasoning_effort
    own["response_format"] = response_format
    own["safety_identifier"] = safety_identifier
    own["seed"] = seed
    own["service_tier"] = service_tier
    own["stop"] = stop
    own["store"] = store
    own["stream"] = stream
    own["stream_options"] = stream_options
    own["temperature"] = temperature
    own["tool_choice"] = tool_choice
    own["tools"] = tools
    own["top_logprobs"] = top_logprobs
    own["top_p"] = top_p
    own["user"] = user
    own["verbosity"] = verbosity
    own["web_search_options"] = web_search_options
    own["guardrail"] = guardrail
    own["extra_body"] = extra_body
    self.__post_init__()


def values_tool_run_Turn(self, completion, results):
    own = self.__dict__
    own["completion"] = completion
    own["results"] = results


def values_tool_run_ToolRun(self, completion, turns, usage, transcript):
    own = self.__dict__
    own["completion"] = completion
    own["turns"] = turns
    own["usage"] = usage
    own["transcript"] = transcript


def values_usage_Usage(self, prompt_tokens, completion_tokens, total_tokens, prompt_tokens_details, completion_tokens_details, extra):
    own = self.__dict__
    own["prompt_tokens"] = prompt_tokens
    own["completion_tokens"] = completion_tokens
    own["total_tokens"] = total_tokens
    own["prompt_tokens_details"] = prompt_tokens_details.anew() if _type(prompt_tokens_details) is Made else prompt_tokens_details
    own["completion_tokens_details"] = completion_tokens_details.anew() if _type(completion_tokens_details) is Made else completion_tokens_details
    own["extra"] = extra.anew() if _type(extra) is Made else extra


def values_wire_value_WireValue(self, *, extra):
    own = self.__dict__
    own["extra"] = extra
    self.__post_init__()
