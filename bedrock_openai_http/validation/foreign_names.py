"""Names of members that are somebody else's: an SDK's options, another API's fields, a vendor's additions.

This module is data: names, and words that say what is written here instead.
"""

from __future__ import annotations

from collections.abc import Mapping

#: Options of SDKs and gateways, with what takes their place here.
SDK_OPTIONS: Mapping[str, str] = {
    **dict.fromkeys(("timeout", "request_timeout", "stream_timeout"), "Client(timeout=...), in seconds"),
    **dict.fromkeys(("max_retries", "num_retries", "retries"), "Client(max_attempts=...), one more than the retries"),
    **dict.fromkeys(("api_key", "aws_bearer_token_bedrock"), "Client(api_key=...)"),
    **dict.fromkeys(("api_base", "base_url", "aws_bedrock_runtime_endpoint", "endpoint_url"), "Client(base_url=...)"),
    **dict.fromkeys(("aws_region_name", "region_name", "region"), "Client(region=...)"),
    **dict.fromkeys(("aws_profile_name", "profile_name"), "Client(profile=...)"),
    **dict.fromkeys(
        ("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_role_name"),
        "Client(credentials=...)",
    ),
    **dict.fromkeys(("http_client", "client"), "Client(session=...) or Client(transport=...)"),
    **dict.fromkeys(
        (
            *("api_type", "api_version", "organization", "deployment_id", "engine", "custom_llm_provider"),
            *("default_headers", "default_query", "extra_query", "drop_params", "allowed_openai_params"),
            *("fallbacks", "caching", "cache", "mock_response", "response_model", "callbacks", "model_list"),
        ),
        "",
    ),
}
HEADERS = ("extra_headers", "headers")

_BUDGET = "it is max_completion_tokens here"
_SAMPLING = "is not {near}, and no field of this API"

#: Members of other APIs, with what to write.
FOREIGN: Mapping[str, str] = {
    "system": 'instructions are a message here: {"role": "system", "content": ...}, the first of messages',
    "systemInstruction": 'instructions are a message here: {"role": "system", "content": ...}',
    "instructions": 'instructions are a message here: {"role": "developer" or "system", "content": ...}',
    "max_output_tokens": f"it is the Responses API's; {_BUDGET}",
    **dict.fromkeys(("maxTokens", "maxTokenCount"), f"it is Bedrock's Converse's or Titan's; {_BUDGET}"),
    **dict.fromkeys(("max_new_tokens", "max_tokens_to_sample", "max_gen_len", "num_predict"), _BUDGET),
    **dict.fromkeys(("stop_sequences", "stopSequences"), "it is stop here"),
    "topP": "it is top_p here",
    "modelId": "it is model here",
    "inferenceConfig": "it is Converse's; its maxTokens, temperature, topP and stopSequences are "
    "max_completion_tokens, temperature, top_p and stop here, at the top level",
    "generationConfig": "it is Gemini's; its maxOutputTokens, temperature and topP are max_completion_tokens, "
    "temperature and top_p here, at the top level",
    "textGenerationConfig": "it is Titan's; its maxTokenCount, topP and stopSequences are max_completion_tokens, "
    "top_p and stop here, at the top level",
    "toolConfig": "it is Converse's; its tools and toolChoice are tools and tool_choice here, at the top level",
    "outputConfig": "it is Converse's; a format of the answer is response_format here",
    "output_config": "it is Anthropic's; a format of the answer is response_format here",
    "output_format": "it is Anthropic's; a format of the answer is response_format here",
    "text": "it is the Responses API's; its format is response_format here, its verbosity is verbosity",
    "additionalModelRequestFields": "it is Converse's; its members go to the top level here",
    "additionalModelResponseFieldPaths": "it is Converse's; leave it out",
    "requestMetadata": "it is Converse's, for its invocation logs, and not metadata; leave it out",
    "performanceConfig": "it is Converse's; leave it out",
    "promptVariables": "it is Converse's; leave it out",
    "serviceTier": "it is Converse's; it is service_tier here, with a text",
    "anthropic_version": "it is InvokeModel's, for Claude; leave it out",
    "anthropic_beta": "it is InvokeModel's, for Claude; leave it out",
    "thinking": "it is Anthropic's; how much a model thinks is reasoning_effort here",
    "reasoning": "its effort is reasoning_effort here, at the top level",
    **dict.fromkeys(
        ("previous_response_id", "conversation"), "the API keeps no conversation; send all of it in messages"
    ),
    **dict.fromkeys(
        ("background", "include", "truncation", "max_tool_calls"), "it is the Responses API's; leave it out"
    ),
    "mcp_servers": "this API calls no MCP server; give its tools in tools, and call them yourself",
    "response_schema": "it is Gemini's; a format of the answer is response_format here",
}
#: What names a guardrail to Converse.
GUARDRAILS = ("guardrailConfig", "guardrailIdentifier", "guardrailVersion")
NO_GUARDRAIL = (
    "it is Converse's; here two headers name a guardrail, X-Amzn-Bedrock-GuardrailIdentifier and "
    "X-Amzn-Bedrock-GuardrailVersion"
)

#: Fields that vendors have beside the API's, some of which look like another one.
VENDORS: Mapping[str, str] = {
    **dict.fromkeys(("top_k", "topK", "min_p", "top_a", "typical_p"), _SAMPLING.format(near="top_p")),
    **dict.fromkeys(("repetition_penalty", "length_penalty"), _SAMPLING.format(near="presence_penalty")),
    **dict.fromkeys(("min_tokens",), _SAMPLING.format(near="max_tokens")),
    **dict.fromkeys(("chat_template_kwargs", "chat_template", "enable_thinking"), "is a vendor's own"),
    **dict.fromkeys(("guided_json", "guided_regex", "guided_choice", "guided_grammar"), "is vLLM's own"),
    **dict.fromkeys(("provider", "models", "route", "transforms", "plugins"), "is OpenRouter's own"),
    **dict.fromkeys(("keep_alive", "options", "num_ctx"), "is Ollama's own"),
    "cache_control": "is a vendor's own, after Anthropic's",
}

#: What a role is called elsewhere.
ROLES: Mapping[str, str] = {
    **dict.fromkeys(("human", "Human"), "user"),
    **dict.fromkeys(("ai", "AI", "model", "bot", "gpt", "chatbot"), "assistant"),
    **dict.fromkeys(("tool_result", "function_call_output", "observation", "ipython"), "tool"),
}
