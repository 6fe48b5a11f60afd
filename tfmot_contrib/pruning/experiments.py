# Copyright 2026 The TFMOT Models Authors. All Rights Reserved.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

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
