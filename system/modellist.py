"""The models that a new agent may be given, with their list prices in dollars per million tokens."""

from __future__ import annotations

from typing import Any

_ROWS: list[tuple[str, str, str, str, float, float]] = [
    ("haiku", "anthropic/claude-haiku-4-5", "anthropic", "Fast, for routine work", 1, 5),
    ("sonnet", "anthropic/claude-sonnet-4-6", "anthropic", "The everyday worker", 3, 15),
    ("opus", "anthropic/claude-opus-4-6", "anthropic", "For the hardest work", 5, 25),
    ("gpt-4.1", "openai/gpt-4.1", "openai", "General work with long contexts", 2, 8),
    ("gpt-4.1-mini", "openai/gpt-4.1-mini", "openai", "General work at less cost", 0.4, 1.6),
    ("gpt-4.1-nano", "openai/gpt-4.1-nano", "openai", "Short and simple work", 0.1, 0.4),
    ("codex-mini", "openai/codex-mini-latest", "openai", "Code from the command line", 1.5, 6),
    ("gemini-2.5-pro", "google/gemini-2.5-pro", "google", "Reasoning over long contexts", 1.25, 10),
    ("gemini-2.5-flash", "google/gemini-2.5-flash", "google", "Fast, with long contexts", 0.3, 2.5),
    ("deepseek", "ollama/deepseek-r1:14b", "ollama", "Reasoning on one's own machine", 0, 0),
    ("groq-fast", "groq/llama-3.1-8b-instant", "groq", "Answers at once", 0.05, 0.08),
    ("groq", "groq/llama-3.3-70b-versatile", "groq", "Fast, for general work", 0.59, 0.79),
    ("kimi", "moonshot/kimi-k2.5", "moonshot", "Agents with long contexts", 0.6, 3),
    ("venice-llama-3.3-70b", "venice/llama-3.3-70b", "venice", "General work in private", 0.7, 2.8),
    ("minimax", "minimax/minimax-m2.1", "minimax", "Code and tools at less cost", 0.3, 1.2),
]

MODELS: list[dict[str, Any]] = [
    {
        "alias": alias,
        "name": name,
        "provider": provider,
        "description": description,
        "costPerMTok": {"input": price_in, "output": price_out},
    }
    for alias, name, provider, description, price_in, price_out in _ROWS
]
