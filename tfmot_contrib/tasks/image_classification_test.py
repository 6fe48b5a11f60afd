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

"""Tests of the task: real data, real checkpoints, real pruning."""

import os

from absl.testing import parameterized
import numpy as np
import tensorflow as tf, tf_keras

from official.core import task_factory
from official.vision.modeling import classification_model
from tfmot_contrib import errors
from tfmot_contrib import technique as technique_lib
from tfmot_contrib.data import cifar10_input
from tfmot_contrib.modeling import cifar_backbones
from tfmot_contrib.modeling import flatten
from tfmot_contrib.pruning import pruning
from tfmot_contrib.tasks import image_classification

_BATCH = 16
_PRUNED_LAYERS = 11  # Seven 3x3 convolutions, three 1x1 and the dense layer.


def _images() -> np.ndarray:
  return np.random.default_rng(0).normal(size=(4, 32, 32, 3))


def _weights(model: tf_keras.Model) -> list[bytes]:
  """Returns the kernels, betas, moving means … in an order of their own."""
  masks = ('mask', 'threshold', 'pruning_step')
  return sorted(
      weight.numpy().tobytes()
      for weight in model.weights
      if not any(part in weight.name for part in masks)
  )


class TaskTest(tf.test.TestCase, parameterized.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.examples = {
        split: cifar10_input.load(split) for split in ('train', 'test')
    }

  def setUp(self):
    super().setUp()
    self.data = self.create_tempdir().full_path
    for split, examples in self.examples.items():
      np.save(f'{self.data}/{split}_images.npy', examples.images[:100])
      np.save(f'{self.data}/{split}_labels.npy', examples.labels[:100])

  def task(self, logging_dir=None, **options) -> image_classification.Task:
    """Returns the task of a config, by Official Models' own factory."""
    depth_multiplier = options.pop('depth_multiplier', 0.25)
    config = image_classification.ImageClassificationTask(
        model=cifar_backbones.ImageClassificationModel(
            num_classes=10,
            input_size=[32, 32, 3],
            backbone=cifar_backbones.Backbone(
                type='cifar_resnet',
                cifar_resnet=cifar_backbones.CifarResNet(
                    model_id=8, depth_multiplier=depth_multiplier
                ),
            ),
        ),
        train_data=image_classification.DataConfig(
            input_path=self.data, global_batch_size=_BATCH, seed=3
        ),
        validation_data=image_classification.DataConfig(
            input_path=self.data,
            global_batch_size=32,
            is_training=False,
            split='test',
        ),
        **options,
    )
    return task_factory.get_task(config, logging_dir=logging_dir)

  def pruning_task(self, **options) -> image_classification.Task:
    return self.task(technique=pruning.PruningConfig(), **options)

  def checkpoint(
      self, model: tf_keras.Model | None = None, step: int = 0
  ) -> str:
    """Returns a folder with a checkpoint like the trainer's."""
    folder = self.create_tempdir().full_path
    items = {'model': model} if model else {}
    step = tf.Variable(step, dtype=tf.int64)
    tf.train.CheckpointManager(
        tf.train.Checkpoint(global_step=step, **items), folder, 1
    ).save(checkpoint_number=int(step))
    return folder

  def test_float_model_is_official(self):
    task = self.task()
    self.assertIsNone(task.technique)
    model = task.build_model()
    self.assertIs(type(model), classification_model.ClassificationModel)
    self.assertIsInstance(model.backbone, cifar_backbones.CifarResNetBackbone)

  def test_technique_model_is_flat_and_wrapped(self):
    task = self.pruning_task()
    self.assertIsInstance(task.technique, pruning.Pruning)
    model = task.build_model()
    wrapped = [
        layer.layer
        for layer in model.layers
        if type(layer).__name__ == 'PruneLowMagnitude'
    ]
    self.assertLen(wrapped, _PRUNED_LAYERS)
    for layer in model.layers:
      self.assertNotIsInstance(layer, tf_keras.Model)
      if not hasattr(layer, 'pruning_step'):
        self.assertFalse(flatten.is_composite(layer))
        self.assertNotIsInstance(
            layer, (tf_keras.layers.Conv2D, tf_keras.layers.Dense)
        )

  def test_starts_from_a_keras_model(self):
    trained = self.task().build_model()
    random = np.random.default_rng(0)
    for weight in trained.weights:
      weight.assign(random.uniform(0.1, 0.3, weight.shape))
    path = f'{self.data}/model.keras'
    self.task().result(trained).save(path)
    for options in ({}, {'technique': pruning.PruningConfig()}):
      # The width is that of the model, not of the config.
      task = self.task(init_model=path, depth_multiplier=0.5, **options)
      model = task.build_model()
      task.initialize(model)
      self.assertTrue(_weights(model) == _weights(trained))
      self.assertAllClose(
          model(_images(), training=False), trained(_images(), training=False)
      )

  def test_keras_model_that_is_not_there(self):
    task = self.task(init_model=f'{self.data}/nothing.keras')
    with self.assertRaisesRegex(errors.InputError, 'no model at .*nothing'):
      task.build_model()

  def test_unregistered_technique(self):
    class Unknown(technique_lib.TechniqueConfig):
      """Nothing is registered for it."""

    with self.assertRaisesRegex(errors.InputError, 'registered for Unknown'):
      self.task(technique=Unknown())

  def test_both_start_from_a_checkpoint(self):
    trained = self.task().build_model()
    random = np.random.default_rng(0)
    for weight in trained.weights:
      weight.assign(random.uniform(0.1, 0.3, weight.shape))
    folder = self.checkpoint(trained, step=7)
    with self.subTest('Float'):
      task = self.task(init_checkpoint=folder)
      model = task.build_model()
      task.initialize(model)
      self.assertTrue(_weights(model) == _weights(trained))
    with self.subTest('Technique'):
      task = self.pruning_task(init_checkpoint=folder)
      model = task.build_model()
      self.assertTrue(_weights(model) == _weights(trained))
      changed = model.trainable_variables[0]
      changed.assign(changed + 1)
      before = _weights(model)
      task.initialize(model)  # As the trainer does: nothing is left to load.
      self.assertTrue(_weights(model) == before)
      changed.assign(changed - 1)
      self.assertAllClose(
          model(_images(), training=False), trained(_images(), training=False)
      )
    with self.subTest('File'):
      path = tf.train.latest_checkpoint(folder)
      model = self.pruning_task(init_checkpoint=path).build_model()
      self.assertTrue(_weights(model) == _weights(trained))

  def load(self, technique: bool, path: str) -> None:
    """Builds a model that starts from a path."""
    task = (self.pruning_task if technique else self.task)(init_checkpoint=path)
    task.initialize(task.build_model())

  @parameterized.parameters(False, True)
  def test_missing_checkpoint(self, technique):
    folder = self.create_tempdir().full_path
    with self.assertRaisesRegex(
        errors.InputError, f'no checkpoint in task.init_checkpoint {folder}'
    ):
      self.load(technique, folder)
    with self.assertRaisesRegex(
        errors.InputError, 'task.init_checkpoint .*/nonexistent'
    ):
      self.load(technique, os.path.join(folder, 'nonexistent'))

  @parameterized.product(technique=[False, True], wider=[False, True])
  def test_checkpoint_of_another_model(self, technique, wider):
    if wider:
      other = self.task(depth_multiplier=0.5).build_model()
    else:
      inputs = tf_keras.Input([32, 32, 3])
      other = tf_keras.Model(inputs, tf_keras.layers.Conv2D(16, 3)(inputs))
    folder = self.checkpoint(other)
    with self.assertRaisesRegex(
        errors.InputError,
        f'task.init_checkpoint {folder} does not fit the model: .',
    ) as caught:
      self.load(technique, folder)
    self.assertLen(str(caught.exception).splitlines(), 1)

  def batches(self, task, count, **options):
    """Returns the first training batches of a task."""
    dataset = task.build_inputs(task.task_config.train_data, **options)
    return list(dataset.take(count).as_numpy_iterator())

  def test_training_data_go_on_at_the_step_of_the_checkpoint(self):
    whole = self.batches(self.task(), 8)
    for step in (1, 6):
      folder = self.checkpoint(step=step)
      rest = self.batches(self.task(logging_dir=folder), 2)
      for (images, labels), (other_images, other_labels) in zip(
          rest, whole[step : step + 2], strict=True
      ):
        self.assertAllEqual(images, other_images)
        self.assertAllEqual(labels, other_labels)
    empty = self.create_tempdir().full_path
    (start,) = self.batches(self.task(logging_dir=empty), 1)
    self.assertAllEqual(start[0], whole[0][0])

  def test_config_decides_the_training_data(self):
    task = self.task()
    (base,) = self.batches(task, 1)
    expected = cifar10_input.training_dataset(
        cifar10_input.load('train', self.data), _BATCH, seed=3
    )
    self.assertAllEqual(base[0], next(expected.as_numpy_iterator())[0])
    for options in (
        {'seed': 4},
        {'crop_padding': 0},
        {'split': 'test'},
        {'aug_rand_hflip': False},
    ):
      data = task.task_config.train_data.replace(**options)
      other = next(task.build_inputs(data).as_numpy_iterator())
      self.assertNotAllEqual(base[0], other[0], options)

  def test_replicas_share_the_batch_and_see_other_images(self):
    task = self.task()
    seen = []
    for pipeline in range(2):
      context = tf.distribute.InputContext(
          num_input_pipelines=2,
          input_pipeline_id=pipeline,
          num_replicas_in_sync=2,
      )
      (batch,) = self.batches(task, 1, input_context=context)
      self.assertEqual(batch[0].shape, (_BATCH // 2, 32, 32, 3))
      seen.append(batch[0])
    self.assertNotAllEqual(*seen)

  def test_validation_data(self):
    task = self.task()
    dataset = task.build_inputs(task.task_config.validation_data)
    batches = list(dataset.as_numpy_iterator())
    self.assertEqual([len(labels) for _, labels in batches], [32, 32, 32, 4])
    self.assertAllEqual(
        np.concatenate([labels for _, labels in batches]),
        self.examples['test'].labels[:100],
    )

  def test_bad_data(self):
    task = self.task()
    for options, pattern in (
        ({'split': 'trian'}, 'no split trian'),
        ({'input_path': '/nonexistent'}, 'does not hold'),
        ({'global_batch_size': 101}, 'batch of 101'),
    ):
      data = task.task_config.train_data.replace(**options)
      with self.assertRaisesRegex(errors.InputError, pattern):
        task.build_inputs(data)


if __name__ == '__main__':
  tf.test.main()
