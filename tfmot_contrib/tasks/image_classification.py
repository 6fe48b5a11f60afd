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

"""Image classification on CIFAR-10, float or with a technique.

A subclass of Official Models' own task. It adds the in-memory input pipeline
and, when the experiment names a technique, trains what the technique makes of
the flat model. A float experiment is Official Models' task on an official
model, and so its checkpoint starts any technique.
"""

import dataclasses
import hashlib

import tensorflow as tf, tf_keras

from official.core import task_factory
from official.vision.configs import image_classification as official_config
from official.vision.tasks import image_classification
from tfmot_contrib import errors
from tfmot_contrib import technique as technique_lib
from tfmot_contrib.data import cifar10_input
from tfmot_contrib.modeling import cifar_backbones
from tfmot_contrib.modeling import flatten
from tfmot_contrib.modeling import saved


@dataclasses.dataclass
class DataConfig(official_config.DataConfig):
  """Official data config for the in-memory pipeline of `cifar10_input`.

  Attributes:
    split: One of `cifar10_input.SPLITS`.
    crop_padding: Pixels that a random crop may go over each border.
    seed: Of the order, the crops and mirrors, and of the initial weights.
  """

  split: str = 'train'
  crop_padding: int = 4
  seed: int = 1


@dataclasses.dataclass
class ImageClassificationTask(official_config.ImageClassificationTask):
  """Official task config with a technique.

  Attributes:
    technique: The config of a technique; the base class means float.
    init_model: A Keras model to start from in place of `model` and
      `init_checkpoint`: a `.keras` file or a SavedModel of Keras.
  """

  model: cifar_backbones.ImageClassificationModel = dataclasses.field(
      default_factory=cifar_backbones.ImageClassificationModel
  )
  train_data: DataConfig = dataclasses.field(default_factory=DataConfig)
  validation_data: DataConfig = dataclasses.field(
      default_factory=lambda: DataConfig(split='test', is_training=False)
  )
  technique: technique_lib.TechniqueConfig = dataclasses.field(
      default_factory=technique_lib.TechniqueConfig
  )
  init_model: str = ''


def _trained_steps(model_dir: str | None) -> int:
  """Returns the step of the last checkpoint in a folder, or 0."""
  path = tf.train.latest_checkpoint(model_dir) if model_dir else None
  if not path:
    return 0
  name = 'global_step/.ATTRIBUTES/VARIABLE_VALUE'
  return int(tf.train.load_variable(path, name))


@task_factory.register_task_cls(ImageClassificationTask)
class Task(image_classification.ImageClassificationTask):
  """Trains and evaluates a classifier, optimized or not."""

  def __init__(self, params, logging_dir=None, name=None):
    """Initializes the task.

    Args:
      params: An `ImageClassificationTask` config.
      logging_dir: The folder of checkpoints. Training data go on at the step of
        the last one.
      name: A name for the task.
    """
    super().__init__(params, logging_dir, name)
    self.technique = technique_lib.create(params.technique)

  def build_model(self) -> tf_keras.Model:
    """Builds the official model, or what the technique makes of it.

    Returns:
      The model to train.

    Raises:
      errors.InputError: What to start from is missing or of another model, or
        the technique refuses it.
    """
    if path := self.task_config.init_model:
      model = flatten.flatten(saved.load(path), 'float32')
    else:
      model = super().build_model()
      if self.technique is None:
        return model
      self.initialize_official(model)
      model = flatten.flatten(model, 'float32')
    return self.technique.apply(model) if self.technique else model

  def initialize(self, model: tf_keras.Model) -> None:
    """Loads the initial checkpoint, once, before a technique is applied."""
    if self.technique is None and not self.task_config.init_model:
      self.initialize_official(model)

  def initialize_official(self, model: tf_keras.Model) -> None:
    """Loads the initial checkpoint into an official model.

    Args:
      model: The model, before it is flattened.

    Raises:
      errors.InputError: The checkpoint is missing or of another model.
    """
    path = self.task_config.init_checkpoint
    if not path:
      return
    if tf.io.gfile.isdir(path) and not tf.train.latest_checkpoint(path):
      raise errors.InputError(f'no checkpoint in task.init_checkpoint {path}')
    try:
      super().initialize(model)
    except (tf.errors.OpError, AssertionError, ValueError) as error:
      first = str(error).strip().splitlines()[0]
      raise errors.InputError(
          f'task.init_checkpoint {path} does not fit the model: {first}'
      ) from error

  def build_inputs(self, params, input_context=None) -> tf.data.Dataset:
    """Builds the batches of one replica.

    Args:
      params: A `DataConfig`.
      input_context: Which replica it is, under a distribution strategy.

    Returns:
      Batches (float32 [b, 32, 32, 3], int32 [b]).
    """
    examples = cifar10_input.load(params.split, params.input_path)
    batch_size, seed = params.global_batch_size, params.seed
    if input_context:
      batch_size = input_context.get_per_replica_batch_size(batch_size)
      pipeline = f'{seed} {input_context.input_pipeline_id}'
      if input_context.input_pipeline_id:
        sha = hashlib.sha256(pipeline.encode()).digest()
        seed = int.from_bytes(sha[:3], 'big')
    if not params.is_training:
      return cifar10_input.evaluation_dataset(examples, batch_size)
    return cifar10_input.training_dataset(
        examples,
        batch_size,
        seed=seed,
        start_step=_trained_steps(self.logging_dir),
        padding=params.crop_padding,
        mirror=params.aug_rand_hflip,
    )

  def result(self, model: tf_keras.Model) -> tf_keras.Model:
    """Returns what a training was for: the flat model to export.

    Args:
      model: The trained model, straight after training: an evaluation in
        between could heal a wrong mask.

    Returns:
      The model in float32, without what was only for training.
    """
    if self.technique:
      return self.technique.strip(model)
    return flatten.flatten(model, 'float32')
