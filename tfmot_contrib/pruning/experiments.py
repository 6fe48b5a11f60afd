"""Fine-tuning with magnitude pruning, from the float baselines' checkpoints.

The sparsity and the schedule of a row of the README's table are in `configs/`.
"""

from official.core import config_definitions as cfg
from official.core import exp_factory
from tfmot_contrib.baselines import experiments as baselines
from tfmot_contrib.pruning import pruning


def fine_tuned(
    config: cfg.ExperimentConfig, *, epochs: int, peak: float
) -> cfg.ExperimentConfig:
  """Makes a baseline one that is pruned while it is fine-tuned.

  Args:
    config: A float baseline. Its `task.init_checkpoint` is set by whoever runs
      the experiment.
    epochs: How long to fine-tune, in float32.
    peak: The largest learning rate.

  Returns:
    The same config, changed.
  """
  steps = epochs * baselines.STEPS_PER_EPOCH
  config.task.technique = pruning.PruningConfig()
  config.runtime.mixed_precision_dtype = 'float32'
  config.trainer.train_steps = steps
  config.trainer.validation_interval = steps
  config.trainer.optimizer_config = baselines.one_cycle(
      peak, steps, warmup_steps=steps // 10
  )
  return config


@exp_factory.register_config_factory('resnet_cifar10_pruning')
def resnet_cifar10_pruning() -> cfg.ExperimentConfig:
  """ResNet-18 x0.25, pruned in two epochs."""
  return fine_tuned(baselines.resnet_cifar10(), epochs=2, peak=0.05)


@exp_factory.register_config_factory('mobilenet_v2_cifar10_pruning')
def mobilenet_v2_cifar10_pruning() -> cfg.ExperimentConfig:
  """MobileNetV2 x0.5, pruned in two epochs."""
  return fine_tuned(baselines.mobilenet_v2_cifar10(), epochs=2, peak=0.05)
