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

"""The float experiments that every technique starts from, and how it does.

They are ordinary Official Models experiments: an official model (with the
stride-1 stem of `modeling/cifar_backbones.py`), the official optimizer and
learning-rate schedules, the official trainer. The recipe is a one-cycle
learning rate (Smith, https://arxiv.org/abs/1708.07120) with Nesterov momentum,
label smoothing, weight decay, random crops and mirrors. `fine_tuning` registers
what a technique makes of each of them.
"""

from typing import Callable

from official.core import config_definitions as cfg
from official.core import exp_factory
from official.modeling import optimization
from official.vision.configs import backbones
from official.vision.configs import common
from official.vision.configs import image_classification
from tfmot_contrib import technique as technique_lib
from tfmot_contrib.data import cifar10_input
from tfmot_contrib.modeling import cifar_backbones
from tfmot_contrib.tasks import image_classification as task

TRAIN_EXAMPLES = 50000
BATCH_SIZE = 128
STEPS_PER_EPOCH = TRAIN_EXAMPLES // BATCH_SIZE


def one_cycle(
    peak: float, train_steps: int, warmup_steps: int
) -> optimization.OptimizationConfig:
  """Returns Nesterov SGD whose rate rises to `peak` and falls to 0, linearly.

  Args:
    peak: The largest learning rate.
    train_steps: When the rate is 0 again.
    warmup_steps: When the rate is `peak`.

  Returns:
    The official optimizer config.
  """
  return optimization.OptimizationConfig({
      'optimizer': {'type': 'sgd', 'sgd': {'momentum': 0.9, 'nesterov': True}},
      'learning_rate': {
          'type': 'polynomial',
          'polynomial': {
              'initial_learning_rate': peak,
              'decay_steps': train_steps - warmup_steps,
              'end_learning_rate': 0.0,
              'offset': warmup_steps,
          },
      },
      'warmup': {
          'type': 'linear',
          'linear': {'warmup_steps': warmup_steps, 'warmup_learning_rate': 0},
      },
  })


def classification(
    backbone: cifar_backbones.Backbone,
    *,
    epochs: int,
    peak: float,
    weight_decay: float,
) -> cfg.ExperimentConfig:
  """Returns an experiment on CIFAR-10.

  Args:
    backbone: Which official backbone.
    epochs: How long to train.
    peak: The largest learning rate of the one-cycle schedule.
    weight_decay: The factor of the L2 loss of the kernels.

  Returns:
    The experiment.
  """
  steps = epochs * STEPS_PER_EPOCH
  return cfg.ExperimentConfig(
      runtime=cfg.RuntimeConfig(
          distribution_strategy='one_device', mixed_precision_dtype='float32'
      ),
      task=task.ImageClassificationTask(
          model=cifar_backbones.ImageClassificationModel(
              num_classes=cifar10_input.NUM_CLASSES,
              input_size=list(cifar10_input.IMAGE_SHAPE),
              backbone=backbone,
              norm_activation=common.NormActivation(
                  norm_momentum=0.9, norm_epsilon=1e-3, use_sync_bn=False
              ),
          ),
          losses=image_classification.Losses(
              l2_weight_decay=weight_decay, label_smoothing=0.1
          ),
          train_data=task.DataConfig(global_batch_size=BATCH_SIZE),
          validation_data=task.DataConfig(
              split='test',
              is_training=False,
              global_batch_size=500,
              drop_remainder=False,
          ),
      ),
      trainer=cfg.TrainerConfig(
          train_steps=steps,
          steps_per_loop=STEPS_PER_EPOCH // 5,
          summary_interval=STEPS_PER_EPOCH // 5,
          checkpoint_interval=STEPS_PER_EPOCH,
          validation_interval=steps,
          max_to_keep=1,
          optimizer_config=one_cycle(peak, steps, warmup_steps=steps // 4),
      ),
      restrictions=['task.train_data.is_training != None'],
  )


@exp_factory.register_config_factory('resnet_cifar10')
def resnet_cifar10() -> cfg.ExperimentConfig:
  """ResNet-18 with a quarter of the width, 0.7 million weights."""
  return classification(
      cifar_backbones.Backbone(
          type='cifar_resnet', cifar_resnet=cifar_backbones.CifarResNet()
      ),
      epochs=10,
      peak=0.5,
      weight_decay=5e-4,
  )


@exp_factory.register_config_factory('mobilenet_v2_cifar10')
def mobilenet_v2_cifar10() -> cfg.ExperimentConfig:
  """MobileNetV2 with half of the width, 0.7 million weights."""
  return classification(
      cifar_backbones.Backbone(
          type='mobilenet',
          mobilenet=backbones.MobileNet(
              model_id='MobileNetV2Cifar', filter_size_scale=0.5
          ),
      ),
      epochs=10,
      peak=0.3,
      weight_decay=2e-4,
  )


@exp_factory.register_config_factory('mobilenet_v3_cifar10')
def mobilenet_v3_cifar10() -> cfg.ExperimentConfig:
  """MobileNetV3-Small with half of the width, for its operators."""
  return classification(
      cifar_backbones.Backbone(
          type='mobilenet',
          mobilenet=backbones.MobileNet(
              model_id='MobileNetV3SmallCifar', filter_size_scale=0.5
          ),
      ),
      epochs=10,
      peak=0.3,
      weight_decay=1e-4,
  )


MODELS = {
    'mobilenet_v2_cifar10': mobilenet_v2_cifar10,
    'mobilenet_v3_cifar10': mobilenet_v3_cifar10,
    'resnet_cifar10': resnet_cifar10,
}


def fine_tuned(
    config: cfg.ExperimentConfig,
    technique: technique_lib.TechniqueConfig,
    *,
    steps: int,
    peak: float,
    optimizer: str,
) -> cfg.ExperimentConfig:
  """Makes a baseline one that a technique optimizes while it is fine-tuned.

  Args:
    config: A float baseline. What it starts from is set by whoever runs the
      experiment.
    technique: What to do to it.
    steps: How long to fine-tune; 0 for not at all.
    peak: The largest learning rate of the one-cycle schedule.
    optimizer: `sgd`, as the baselines, or `adam`.

  Returns:
    The same config, changed.
  """
  config.task.technique = technique
  trainer = config.trainer
  trainer.train_steps = trainer.validation_interval = steps
  trainer.checkpoint_interval = max(steps, 1)
  trainer.steps_per_loop = min(trainer.steps_per_loop, max(steps, 1))
  trainer.summary_interval = trainer.steps_per_loop
  trainer.optimizer_config = one_cycle(
      peak, max(steps, 1), warmup_steps=steps // 10
  )
  trainer.optimizer_config.optimizer.type = optimizer
  return config


def fine_tuning(
    name: str,
    technique: Callable[[], technique_lib.TechniqueConfig],
    *,
    steps: int,
    peak: float = 0.0,
    optimizer: str = 'sgd',
) -> None:
  """Registers `MODEL_NAME` for each of the baselines.

  Args:
    name: Of the technique.
    technique: Makes its config; the YAML files of the rows override that.
    steps: As for `fine_tuned`.
    peak: As for `fine_tuned`.
    optimizer: As for `fine_tuned`.
  """
  for model, baseline in MODELS.items():

    def experiment(baseline=baseline) -> cfg.ExperimentConfig:
      return fine_tuned(
          baseline(),
          technique(),
          steps=steps,
          peak=peak,
          optimizer=optimizer,
      )

    exp_factory.register_config_factory(f'{model}_{name}')(experiment)
