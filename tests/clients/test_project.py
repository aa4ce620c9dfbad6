"""The project that a call on mantle belongs to: one option, one header, and no doubt about which."""

from __future__ import annotations

from typing import Any

import pytest

from bedrock_openai_http import Client, ConfigurationError
from support import KEY, Outbox

BODY = {"model": "openai.gpt-oss-20b", "messages": [{"role": "user", "content": "x"}]}


def client(outbox: Outbox, **options: Any) -> Client:
    return Client("us-west-2", endpoint="mantle", api_key=KEY, transport=outbox, **options)


@pytest.mark.parametrize("project", ["proj_abc123", "default", None])
def test_it_is_sent_with_every_call(project: str | None) -> None:
    """Every door sends it, beside the caller's headers; without the option there is no such header."""
    outbox = Outbox()
    with client(outbox, project=project) as mine:
        mine.complete(BODY, extra_headers={"X-Corp": "a"})
        mine.chat.completions.create(**BODY)
        mine.stream(BODY).close()
    assert [sent.headers.get("OpenAI-Project") for sent in outbox.sent] == [project] * 3
    assert outbox.sent[0].headers["X-Corp"] == "a"


def test_a_header_of_a_call_is_not_doubted() -> None:
    """Who gives no option may still name the project for one call; who gives both is told."""
    outbox = Outbox()
    with client(outbox) as mine:
        mine.complete(BODY, extra_headers={"OpenAI-Project": "proj_a"})
    assert outbox.sent[0].headers["OpenAI-Project"] == "proj_a"
    with client(outbox, project="proj_a") as mine:
        for name in ("OpenAI-Project", "openai-project"):
            with pytest.raises(ConfigurationError, match="OpenAI-Project is set by project="):
                mine.complete(BODY, extra_headers={name: "proj_a"})
    assert len(outbox.sent) == 1


@pytest.mark.parametrize(
    "project", ["", "proj a", "proj_a\n", "arn:aws:bedrock-mantle:us-east-1:1:project/p", "p" * 129, 7]
)
def test_what_is_no_id(project: Any) -> None:
    """An ARN, an empty text and what no header can hold are refused when the client is made."""
    with pytest.raises(ConfigurationError, match="project: must be the ID of a project, such as 'proj_abc123'"):
        client(Outbox(), project=project)


def test_the_runtime_endpoint_has_none() -> None:
    """There a project would be ignored, and its costs and permissions would be those of the default one."""
    with pytest.raises(ConfigurationError, match="project: the runtime endpoint has the default project only"):
        Client("us-west-2", api_key=KEY, project="proj_abc123")
