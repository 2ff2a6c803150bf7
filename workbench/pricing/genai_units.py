"""Which meter of ours counts each unit that genai-prices has prices for."""

from decimal import Decimal

METER_OF_UNIT = {
    "input_tokens": "uncached_input_tokens",
    "output_tokens": "output_tokens",
    "cache_read_tokens": "cache_read_tokens",
    # The price of any cache write; lifetimes that have no price of their own take it.
    "cache_write_tokens": "cache_write_unknown_tokens",
    "cache_write_5m_tokens": "cache_write_5m_tokens",
    "cache_write_1h_tokens": "cache_write_1h_tokens",
    "output_reasoning_tokens": "reasoning_tokens",
    "output_citation_tokens": "citation_tokens",
    "input_tool_tokens": "input_tool_tokens",
    "input_audio_tokens": "input_audio_tokens",
    "cache_audio_read_tokens": "cache_read_audio_tokens",
    "cache_audio_write_tokens": "cache_write_audio_tokens",
    "output_audio_tokens": "output_audio_tokens",
    "audio_seconds": "audio_seconds",
    "input_audio_seconds": "input_audio_seconds",
    "output_audio_seconds": "output_audio_seconds",
    "input_image_tokens": "input_image_tokens",
    "cache_image_read_tokens": "cache_read_image_tokens",
    "cache_image_write_tokens": "cache_write_image_tokens",
    "output_image_tokens": "output_image_tokens",
    "input_pixels": "pixels",
    "input_video_tokens": "input_video_tokens",
    "cache_video_read_tokens": "cache_read_video_tokens",
    "cache_video_write_tokens": "cache_write_video_tokens",
    "output_video_tokens": "output_video_tokens",
    "input_characters": "characters",
    "input_document_pages": "pages",
    "input_annotated_document_pages": "annotated_pages",
    "input_text_messages": "text_messages",
    "web_searches": "web_searches",
    "social_searches": "social_searches",
    "storage_searches": "storage_searches",
    "rerank_searches": "rerank_searches",
    "code_executions": "code_executions",
    "requests": "billed_requests",
}
"""Units of the package that a meter of ours counts; any other unit in use is refused."""

MINIMUM_UNITS = {
    ("groq", "whisper-large-v3", "audio_seconds"): Decimal(10),
    ("groq", "whisper-large-v3", "input_audio_seconds"): Decimal(10),
    ("groq", "whisper-large-v3-turbo", "audio_seconds"): Decimal(10),
    ("groq", "whisper-large-v3-turbo", "input_audio_seconds"): Decimal(10),
}
"""Ten seconds a request at least: written in the package's code, not in its data."""
