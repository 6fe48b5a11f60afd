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

"""Tests of pruning: TFMOT trains for real, the exported model is judged."""

from typing import Any, Sequence

from absl.testing import parameterized
import numpy as np
import tensorflow as tf, tf_keras
import tensorflow_model_optimization as tfmot

from tfmot_contrib import errors
from tfmot_contrib import technique as technique_lib
from tfmot_contrib.deployment import export
from tfmot_contrib.deployment import flatbuffer
from tfmot_contrib.pruning import pruning

_STEPS = 6


def _model() -> tf_keras.Model:
  """Returns a flat model with each kind of kernel and biases."""
  layers = tf_keras.layers
  inputs = tf_keras.Input([8, 8, 3])
  x = layers.Conv2D(10, 3, use_bias=False, name='first')(inputs)
  x = layers.BatchNormalization()(x)
  x = layers.ReLU()(x)
  x = layers.DepthwiseConv2D(3, padding='same', name='depthwise')(x)
  x = layers.Conv2D(7, 1, name='pointwise')(x)
  x = layers.GlobalAveragePooling2D()(x)
  return tf_keras.Model(inputs, layers.Dense(5, name='logits')(x))


def _train(model: tf_keras.Model, actions: Sequence[Any]) -> None:
  """Trains as the official trainer does: a loop in a tf.function, then actions.

  Args:
    model: What the technique made.
    actions: Called with the output of the loop.
  """
  random = np.random.default_rng(0)
  images = tf.constant(random.normal(size=(16, 8, 8, 3)), tf.float32)
  labels = tf.constant(random.integers(0, 5, 16))
  optimizer = tf_keras.optimizers.SGD(0.1, momentum=0.9)
  loss_of = tf_keras.losses.SparseCategoricalCrossentropy(from_logits=True)

  @tf.function
  def loop() -> tf.Tensor:
    loss = tf.constant(0.0)
    for _ in tf.range(_STEPS):
      with tf.GradientTape() as tape:
        loss = loss_of(labels, model(images, training=True))
      gradients = tape.gradient(loss, model.trainable_variables)
      optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss

  optimizer.build(model.trainable_variables)
  output = {'loss': loop()}
  for action in actions:
    action(output)


def _config(**options: Any) -> pruning.PruningConfig:
  """Returns a config whose schedule ends before the last step."""
  return pruning.PruningConfig(
      **{'final_sparsity': 0.7, 'end_step': _STEPS - 1, **options}
  )


def _kernels(
    technique: pruning.Pruning, model: tf_keras.Model
) -> list[flatbuffer.Kernel]:
  """Returns the kernels of the stripped and exported model."""
  return flatbuffer.kernels(export.to_tflite(technique.strip(model)))


class ScheduleTest(tf.test.TestCase, parameterized.TestCase):

  @parameterized.parameters(1, 3, 4, 7, 10, 13, 16, 22, 30)
  def test_is_that_of_tfmot(self, step):
    common = {'begin_step': 4, 'end_step': 22, 'frequency': 3}
    expected = {
        'constant': tfmot.sparsity.keras.ConstantSparsity(0.8, **common),
        'polynomial': tfmot.sparsity.keras.PolynomialDecay(0.1, 0.8, **common),
    }
    for name, schedule in expected.items():
      config = pruning.PruningConfig(
          schedule=name, final_sparsity=0.8, initial_sparsity=0.1, **common
      )
      self.assertAllEqual(pruning.schedule(config)(step), schedule(step))

  def test_polynomial_reaches_the_final_sparsity(self):
    schedule = pruning.schedule(
        _config(initial_sparsity=0.2, begin_step=2, end_step=8, frequency=3)
    )
    decided = [
        (bool(prune), float(sparsity))
        for prune, sparsity in (schedule(step) for step in range(10))
    ]
    self.assertEqual(
        [prune for prune, _ in decided],
        [step in (2, 5, 8) for step in range(10)],
    )
    # 0.7 + (0.2 - 0.7) * (1 - 1 / 2) ** 3 in the middle.
    self.assertAllClose(
        [decided[step][1] for step in (2, 5, 8)], [0.2, 0.6375, 0.7]
    )

  @parameterized.parameters(
      ({'schedule': 'linear'}, 'schedule is linear: constant or polynomial'),
      ({'schedule': 'constant', 'final_sparsity': 1.5}, r'target_sparsity'),
      ({'final_sparsity': 1.5}, r'final_sparsity must be in range \[0,1\)'),
      ({'initial_sparsity': -0.1}, 'initial_sparsity must be in range'),
      ({'begin_step': 9}, 'begin_step should be <= end_step'),
      ({'begin_step': -1}, 'begin_step should be >= 0'),
      ({'end_step': 9, 'frequency': 3}, 'no multiple of frequency'),
      ({'schedule': 'constant', 'frequency': 0}, 'frequency should be > 0'),
      ({'frequency': 0}, 'frequency should be > 0'),
  )
  def test_bad_config(self, options, pattern):
    config = _config(**options)
    with self.subTest('Schedule'):
      with self.assertRaisesRegex(errors.InputError, pattern):
        pruning.schedule(config)
    with self.subTest('Apply'):
      with self.assertRaisesRegex(errors.InputError, pattern):
        pruning.Pruning(config).apply(_model())


class PruningTest(tf.test.TestCase, parameterized.TestCase):

  def test_is_registered(self):
    technique = technique_lib.create(_config())
    self.assertIsInstance(technique, pruning.Pruning)
    self.assertIsNone(technique_lib.create(technique_lib.TechniqueConfig()))

  def test_wraps_convolutions_and_dense_layers(self):
    model = pruning.Pruning(_config()).apply(_model())
    wrapped = [
        layer.layer.name
        for layer in model.layers
        if type(layer).__name__ == 'PruneLowMagnitude'
    ]
    self.assertEqual(wrapped, ['first', 'pointwise', 'logits'])
    masks = [v.name for v in model.non_trainable_variables if 'mask' in v.name]
    self.assertLen(masks, 3)

  def test_starts_from_the_given_weights(self):
    model = _model()
    images = np.random.default_rng(0).normal(size=(4, 8, 8, 3))
    expected = model(images, training=False).numpy()
    technique = pruning.Pruning(_config())
    pruned = technique.apply(model)
    self.assertAllEqual(pruned(images, training=False), expected)
    self.assertAllEqual(technique.strip(pruned)(images), expected)

  @parameterized.parameters(
      # How many of the 270, 70 and 35 weights are left: TFMOT rounds 10.5 and
      # 17.5 (in single precision) to the even number, and leaves at least one.
      ('polynomial', 0.5, [135, 35, 18]),
      ('polynomial', 0.7, [81, 21, 10]),
      ('constant', 0.7, [81, 21, 10]),
      ('polynomial', 0.99, [3, 1, 1]),
  )
  def test_exported_model_has_the_promised_zeros(
      self, schedule, sparsity, kept
  ):
    technique = pruning.Pruning(
        _config(schedule=schedule, final_sparsity=sparsity)
    )
    model = technique.apply(_model())
    before = [w.numpy() for w in model.trainable_variables]
    _train(model, technique.train_actions(model))
    for old, new in zip(before, model.trainable_variables):
      self.assertNotAllClose(old, new)
    kernels = _kernels(technique, model)
    covered = [k for k in kernels if k.operator != 'DEPTHWISE_CONV_2D']
    self.assertEqual([k.values.size for k in covered], [270, 70, 35])
    self.assertEqual([k.values.size - k.zeros for k in covered], kept)
    measured = technique.invariants(kernels)
    self.assertEqual(measured['zeros_missing'], 0)
    self.assertEqual(measured['zeros_in_excess'], 0)
    self.assertEqual(measured['covered'], [k.name for k in covered])
    self.assertNear(measured['sparsity_of_covered'], 1 - sum(kept) / 375, 1e-6)
    (depthwise,) = [k for k in kernels if k.operator == 'DEPTHWISE_CONV_2D']
    self.assertEqual(measured['skipped'], [depthwise.name])
    self.assertEqual(depthwise.zeros, 0)

  def test_last_action_matters(self):
    technique = pruning.Pruning(_config(final_sparsity=0.5))
    model = technique.apply(_model())
    actions = technique.train_actions(model)
    _train(model, [])
    wrong = technique.invariants(_kernels(technique, model))
    self.assertGreater(wrong['zeros_missing'], 0)
    for action in actions:
      action({})
    right = technique.invariants(_kernels(technique, model))
    self.assertEqual(right['zeros_missing'], 0)
    self.assertEqual(right['zeros_in_excess'], 0)

  def test_invariants_see_a_weight_too_many_and_too_few(self):
    technique = pruning.Pruning(_config(final_sparsity=0.5))
    values = np.arange(10, dtype=np.float32)  # One zero of five.
    measured = technique.invariants([
        flatbuffer.Kernel('dense', 'FULLY_CONNECTED', values.reshape(2, 5)),
        flatbuffer.Kernel(
            'convolution',
            'CONV_2D',
            np.maximum(values - 6, 0).reshape(1, 2, 5, 1),
        ),
        flatbuffer.Kernel('depthwise', 'DEPTHWISE_CONV_2D', values),
    ])
    self.assertEqual(measured['zeros_missing'], 4)
    self.assertEqual(measured['zeros_in_excess'], 2)
    self.assertEqual(measured['covered'], ['dense', 'convolution'])
    self.assertEqual(measured['skipped'], ['depthwise'])
    self.assertEqual(measured['sparsity_of_covered'], 8 / 20)

  def test_kernel_that_two_operators_share(self):
    layers = tf_keras.layers
    inputs = tf_keras.Input([8, 8, 3])
    shared = layers.Conv2D(3, 3, padding='same', use_bias=False)
    x = layers.ReLU()(shared(inputs))
    x = layers.GlobalAveragePooling2D()(shared(x))
    x = layers.Dense(5, use_bias=False)(x)
    technique = pruning.Pruning(_config(final_sparsity=0.5))
    model = technique.apply(tf_keras.Model(inputs, x))
    _train(model, technique.train_actions(model))
    measured = technique.invariants(_kernels(technique, model))
    self.assertEqual(measured['zeros_missing'], 0)
    self.assertEqual(measured['zeros_in_excess'], 0)
    self.assertEmpty(measured['skipped'])

  def test_nothing_to_prune(self):
    inputs = tf_keras.Input([8, 8, 3])
    x = tf_keras.layers.DepthwiseConv2D(3)(inputs)
    model = tf_keras.Model(inputs, x, name='dense_model')
    with self.assertRaisesRegex(
        errors.InputError, 'dense_model has no layer that can be pruned'
    ):
      pruning.Pruning(_config()).apply(model)


if __name__ == '__main__':
  tf.test.main()
