import pytest

from tests.models.hosting.made_up import DENSE, EXPERTS
from workbench.errors import InputError
from workbench.models.hosting.catalogue import Accelerator, ModelShape
from workbench.models.hosting.tables import catalogue_of
from workbench.reference import read_table


def test_weights_of_a_small_dense_model_worked_by_hand():
    # attention 10 layers * 2 * 1,000 * 100 * (10 + 2) heads = 24 m; mlp 3 * 1,000 * 4,000 * 10
    assert DENSE.attention_weights == 24e6
    assert DENSE.dense_mlp_weights == 120e6
    assert DENSE.total_weights == 24e6 + 120e6 + 2 * 10e6
    assert DENSE.active_weights == DENSE.total_weights - 10e6  # the embedding is looked up


def test_a_token_visits_two_of_eight_experts():
    # routed: 10 layers * 8 experts * 3 * 1,000 * 500 = 120 m, of which 2 / 8 are active
    assert EXPERTS.expert_weights == 120e6
    assert EXPERTS.active_weights == 24e6 + 10e6 + 30e6


@pytest.mark.parametrize(
    ("name", "total_bn", "active_bn"),
    [
        ("deepseek-ai/DeepSeek-R1", 671, 37),
        ("openai/gpt-oss-120b", 117, 5.1),
        ("Qwen/Qwen3-235B-A22B-FP8", 235, 22),
        ("meta-llama/Llama-3.1-70B", 70.6, 70.6),
        ("Qwen/Qwen3-32B", 32.8, 32.8),
        ("moonshotai/Kimi-K2.5", 1_000, 32),
    ],
)
def test_published_sizes_follow_from_published_shapes(name, total_bn, active_bn):
    models = catalogue_of(read_table("model_architectures"), read_table("gpu_specs")).models
    assert models[name].total_weights / 1e9 == pytest.approx(total_bn, rel=0.03)
    assert models[name].active_weights / 1e9 == pytest.approx(active_bn, rel=0.05)


def test_a_format_without_units_runs_at_the_next_wider_rate():
    old = Accelerator(name="old", memory_gb=40, memory_gb_per_s=1_500, bf16_tflops=312)
    assert old.tflops("fp4") == old.tflops("fp8") == 312


def test_a_shape_without_layers_is_refused():
    with pytest.raises(InputError, match="model_architectures"):
        ModelShape(
            name="x", layers=0, hidden_size=1, attention_heads=1, kv_heads=1, head_dim=1,
            intermediate_size=1, vocab_size=1,
        )  # fmt: skip
