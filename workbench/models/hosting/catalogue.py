"""What a model asks of a machine, and what a machine offers: weights, cache and rates.

Everything is derived from a model's published shape (layers, heads, experts) and an
accelerator's published rates, so that a model nobody has measured still has an answer.
"""

from dataclasses import dataclass

from workbench.errors import InputError

BYTES_PER_WEIGHT = {"bf16": 2.0, "fp8": 1.0, "int4": 0.5625, "fp4": 0.5625}
"""Four-bit formats keep one 8- or 16-bit scale for every 16 or 32 weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelShape:
    """A transformer as its published configuration describes it; counts, no units."""

    name: str
    layers: int
    hidden_size: int
    attention_heads: int
    kv_heads: int
    head_dim: int
    intermediate_size: int
    vocab_size: int
    experts: int = 0
    experts_per_token: int = 0
    shared_experts: int = 0
    moe_intermediate_size: int = 0
    first_dense_layers: int = 0
    kv_lora_rank: int = 0
    """Width of the compressed cache of latent attention; 0 where keys and values are kept."""
    qk_rope_head_dim: int = 0
    q_lora_rank: int = 0
    v_head_dim: int = 0
    sliding_window: int = 0
    full_attention_layers: int | None = None
    """Layers that attend to the whole context; None means all of them."""
    linear_attention_layers: int = 0
    weight_format: str = "bf16"

    def __post_init__(self) -> None:
        if min(self.layers, self.hidden_size, self.attention_heads, self.head_dim) < 1:
            raise InputError(
                f"Model {self.name!r}: layers, hidden size, heads and head dimension must be at "
                "least 1. Complete its row in data/reference/model_architectures.csv."
            )

    @property
    def family(self) -> str:
        """Name of the shape, shared by fine-tunes and re-releases of one architecture."""
        return f"{self.layers}x{self.hidden_size}x{self.experts}x{self.kv_lora_rank}"

    @property
    def is_moe(self) -> bool:
        """Whether each token visits only some of the experts."""
        return self.experts > 1

    @property
    def is_latent(self) -> bool:
        """Whether the cache holds one compressed vector a token (latent attention)."""
        return self.kv_lora_rank > 0

    @property
    def moe_layers(self) -> int:
        """Layers whose feed-forward part is a mixture of experts."""
        return self.layers - self.first_dense_layers if self.is_moe else 0

    @property
    def attention_weights(self) -> float:
        """Weights of all attention blocks."""
        h, heads = self.hidden_size, self.attention_heads
        if self.is_latent:
            nope = self.v_head_dim or 128
            q = (
                h * self.q_lora_rank + self.q_lora_rank * heads * (nope + self.qk_rope_head_dim)
                if self.q_lora_rank
                else h * heads * (nope + self.qk_rope_head_dim)
            )
            kv = h * (self.kv_lora_rank + self.qk_rope_head_dim)
            up = self.kv_lora_rank * heads * (nope + self.v_head_dim)
            return float(self.layers * (q + kv + up + heads * self.v_head_dim * h))
        return float(self.layers * 2 * h * self.head_dim * (heads + self.kv_heads))

    @property
    def dense_mlp_weights(self) -> float:
        """Weights of feed-forward blocks every token passes, shared experts included."""
        dense_layers = self.layers - self.moe_layers
        shared = self.moe_layers * self.shared_experts * self.moe_intermediate_size
        return float(3 * self.hidden_size * (dense_layers * self.intermediate_size + shared))

    @property
    def expert_weights(self) -> float:
        """Weights of all routed experts."""
        return float(
            3 * self.hidden_size * self.moe_layers * self.experts * self.moe_intermediate_size
        )

    @property
    def head_weights(self) -> float:
        """Weights of the output head, read at every step."""
        return float(self.vocab_size * self.hidden_size)

    @property
    def total_weights(self) -> float:
        """All weights, embedding included."""
        return (
            self.attention_weights
            + self.dense_mlp_weights
            + self.expert_weights
            + 2 * self.head_weights
        )

    @property
    def active_weights(self) -> float:
        """Weights that multiply one token."""
        share = self.experts_per_token / self.experts if self.is_moe else 0.0
        return (
            self.attention_weights
            + self.dense_mlp_weights
            + self.head_weights
            + self.expert_weights * share
        )

    @property
    def global_layers(self) -> int:
        """Layers whose cache grows with the whole context."""
        if self.full_attention_layers is None or self.full_attention_layers == 0:
            return self.layers - self.linear_attention_layers
        return self.full_attention_layers

    @property
    def window_layers(self) -> int:
        """Layers whose cache stops at the sliding window."""
        if self.sliding_window == 0:
            return 0
        return self.layers - self.global_layers - self.linear_attention_layers

    @property
    def kv_values_per_token_and_layer(self) -> float:
        """Numbers kept in the cache for one token in one layer."""
        if self.is_latent:
            return float(self.kv_lora_rank + self.qk_rope_head_dim)
        return 2.0 * self.kv_heads * self.head_dim


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerator:
    """One accelerator's published rates, dense and without sparsity."""

    name: str
    memory_gb: float
    memory_gb_per_s: float
    bf16_tflops: float
    fp8_tflops: float | None = None
    fp4_tflops: float | None = None
    power_w: float | None = None
    confidence: str = ""

    def tflops(self, precision: str) -> float:
        """Return the dense rate at `precision`; a format without units runs at the next wider one."""
        if precision == "fp4" and self.fp4_tflops:
            return self.fp4_tflops
        if precision in ("fp4", "fp8") and self.fp8_tflops:
            return self.fp8_tflops
        return self.bf16_tflops
