"""Recorded answers of Amazon Bedrock, shipped as the package `bedrock_openai_http.testing.cases`.

Each folder is one case: `response.http` is the answer as on the wire, without what only frames it (Date, Connection,
Content-Length, chunks), and `case.json` says what it is, where its shape was seen, and what must come out of it. The
words of models are this project's own; the words of refusals are Bedrock's where they are known.

    description   one line
    source        where the shape was seen or documented, or what it was guessed from
    date          when it was recorded, or, where that is unknown, read
    tag           SEEN (recorded traffic or reports), DOC (AWS's documentation) or INF (a guess)
    stream        whether it answers a request for a stream
    expect        `completion` or `error`: what a client must make of it; what is not named must be empty

What ships is `answers.json`: as files of their own the answers would add a third to the wheel. `tests/pack_cases.py`
makes it of the folders, and a test holds the two together.

This module only makes the folder a package.
"""
