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

from typing import Any, Mapping, Sequence

from absl.testing import parameterized
import numpy as np
import tensorflow as tf, tf_keras
import tensorflow_model_optimization as tfmot

from tfmot_contrib import errors
from tfmot_contrib import technique as technique_lib
from tfmot_contrib import technique_testing
from tfmot_contrib.deployment import flatbuffer
from tfmot_contrib.pruning import pruning
from tfmot_contrib.pruning import pruning_config

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
  """Trains what the technique made."""
  optimizer = tf_keras.optimizers.SGD(0.1, momentum=0.9)
  technique_testing.train(model, actions, _STEPS, optimizer)


def _config(**options: Any) -> pruning.PruningConfig:
  """Returns a config whose schedule ends before the last step."""
  return pruning.PruningConfig(
      **{'final_sparsity': 0.7, 'end_step': _STEPS - 1, **options}
  )


def _exported(
    technique: pruning.Pruning, model: tf_keras.Model
) -> dict[str, list[flatbuffer.Kernel]]:
  """Returns the kernels of the stripped model, as a run exports it."""
  images = np.random.default_rng(1).normal(size=(8, *model.input_shape[1:]))
  plain = technique.strip(model)
  return technique_testing.export(technique, plain, images.astype(np.float32))[
      1
  ]


def _run(
    model: tf_keras.Model, **options: Any
) -> tuple[dict[str, flatbuffer.Kernel], Mapping[str, Any], pruning.Pruning]:
  """Prunes a model and returns its float kernels and invariants."""
  technique = pruning.Pruning(_config(**options))
  pruned = technique.apply(model)
  _train(pruned, technique.train_actions(pruned))
  exported = _exported(technique, pruned)
  found = {k.name: k for k in exported['float']}
  return found, technique.invariants(exported), technique


class ScheduleTest(technique_testing.TechniqueTestCase):

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
      self.assertAllEqual(pruning_config.schedule(config)(step), schedule(step))

  def test_polynomial_reaches_the_final_sparsity(self):
    schedule = pruning_config.schedule(
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
      ({'sparsity_m_by_n': [4, 2]}, r'm_by_n is \[4, 2\]: \[m, n\] with m < n'),
      ({'sparsity_m_by_n': [2]}, r'm_by_n is \[2\]: \[m, n\] with m < n'),
      ({'block_size': [4]}, r'block_size is \[4\]: two sizes'),
      ({'block_size': [0, 4]}, r'block_size is \[0, 4\]: two sizes'),
      (
          {'block_size': [4, 1], 'sparsity_m_by_n': [2, 4]},
          r'block_size is \[4, 1\]: .* together with sparsity_m_by_n',
      ),
  )
  def test_bad_config(self, options, pattern):
    config = _config(**options)
    with self.subTest('Arguments'):
      with self.assertRaisesRegex(errors.InputError, pattern):
        pruning_config.arguments(config)
    with self.subTest('Apply'):
      self.check_refused(config, _model(), pattern)


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
      # 17.5 (in single precision) to the even number.
      ('polynomial', 0.5, [135, 35, 18]),
      ('polynomial', 0.7, [81, 21, 10]),
      ('constant', 0.7, [81, 21, 10]),
      ('polynomial', 0.9, [27, 7, 4]),
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
    exported = _exported(technique, model)
    found = {k.name: k for k in exported['float']}
    names = ['first', 'pointwise', 'logits']
    sizes = [found[name].values.size for name in names]
    self.assertEqual(sizes, [270, 70, 35])
    self.assertEqual(
        [size - found[n].zeros for size, n in zip(sizes, names)], kept
    )
    measured = technique.invariants(exported)
    self.assertEqual(measured['zeros_missing'], 0)
    self.assertEqual(measured['zeros_in_excess'], 0)
    self.assertEqual(measured['covered'], names)
    self.assertEqual(measured['skipped'], ['depthwise'])
    self.assertEqual(measured['layers_refused'], 0)
    self.assertNear(measured['sparsity_of_covered'], 1 - sum(kept) / 375, 1e-6)
    self.assertNear(
        measured['sparsity_of_all'], (375 - sum(kept)) / (375 + 90), 1e-6
    )
    self.assertEqual(found['depthwise'].zeros, 0)

  def test_last_action_matters(self):
    technique = pruning.Pruning(_config(final_sparsity=0.5))
    model = technique.apply(_model())
    actions = technique.train_actions(model)
    _train(model, [])
    wrong = technique.invariants(_exported(technique, model))
    self.assertGreater(wrong['zeros_missing'], 0)
    for action in actions:
      action({})
    right = technique.invariants(_exported(technique, model))
    self.assertEqual(right['zeros_missing'], 0)
    self.assertEqual(right['zeros_in_excess'], 0)

  def test_invariants_see_what_quantization_lost(self):
    found, _, technique = _run(_model(), final_sparsity=0.5)
    kernels = list(found.values())
    full = [k._replace(values=np.ones_like(k.values)) for k in kernels]
    measured = technique.invariants({'float': kernels, 'int8': full})
    self.assertEqual(measured['zeros_missing'], 135)
    empty = [k._replace(values=0 * k.values) for k in kernels]
    measured = technique.invariants({'float': kernels, 'int8': empty})
    self.assertEqual(measured['zeros_missing'], 0)
    self.assertEqual(measured['zeros_in_excess'], 0)
    measured = technique.invariants({'float': empty})
    self.assertEqual(measured['zeros_in_excess'], 135)

  def test_kernel_that_two_operators_share(self):
    layers = tf_keras.layers
    inputs = tf_keras.Input([8, 8, 3])
    shared = layers.Conv2D(3, 3, padding='same', use_bias=False)
    x = layers.ReLU()(shared(inputs))
    x = layers.GlobalAveragePooling2D()(shared(x))
    x = layers.Dense(5, use_bias=False)(x)
    _, measured, _ = _run(tf_keras.Model(inputs, x), final_sparsity=0.5)
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


def _wide() -> tf_keras.Model:
  """Returns a flat model whose input channels are 3, 10, 7, 6 and 12."""
  layers = tf_keras.layers
  inputs = tf_keras.Input([8, 8, 3])
  x = layers.Conv2D(10, 3, use_bias=False, name='of_3')(inputs)
  x = layers.BatchNormalization()(x)
  x = layers.ReLU()(x)
  x = layers.Conv2D(7, 3, padding='same', name='of_10')(x)
  x = layers.DepthwiseConv2D(3, padding='same', name='depthwise')(x)
  x = layers.Conv2D(6, 1, name='of_7')(x)
  x = layers.Conv2D(12, 1, name='of_6')(x)
  x = layers.GlobalAveragePooling2D()(x)
  return tf_keras.Model(inputs, layers.Dense(5, name='of_12')(x))


class MByNTest(tf.test.TestCase):

  def test_exported_model_has_two_zeros_in_four(self):
    found, measured, technique = _run(_wide(), sparsity_m_by_n=[2, 4])
    self.assertEqual(technique.kinds, ('float', 'int8'))
    for name in ('zeros_missing', 'zeros_in_excess', 'groups_violated'):
      self.assertEqual(measured[name], 0, name)
    self.assertNotIn('blocks_broken', measured)
    self.assertEqual(measured['skipped'], ['depthwise'])
    # TFMOT fills a last group with zeros: of 3 weights 2 are left, of 2 both.
    left = {'of_3': 2, 'of_10': 6, 'of_7': 4, 'of_6': 4, 'of_12': 6}
    self.assertEqual(measured['covered'], list(left))
    for name, count in left.items():
      channels = found[name].values
      rows = channels.reshape(-1, channels.shape[-1])
      self.assertAllEqual(np.count_nonzero(rows, axis=1), [count] * len(rows))
      for start in range(0, rows.shape[1], 4):
        group = np.count_nonzero(rows[:, start : start + 4], axis=1)
        self.assertAllLessEqual(group, 2)

  def test_axis_is_the_input_channels(self):
    found, _, _ = _run(_wide(), sparsity_m_by_n=[2, 4])
    outputs = np.moveaxis(found['of_6'].values, 0, -1)[..., :4]
    self.assertGreater(np.max(np.count_nonzero(outputs, axis=-1)), 2)

  def test_invariants_see_a_group_too_full_and_one_too_empty(self):
    found, _, technique = _run(_wide(), sparsity_m_by_n=[2, 4])
    for group, name in (
        ([1, 1, 1, 0], 'groups_violated'),
        ([1, 0, 0, 0], 'zeros_in_excess'),
    ):
      values = found['of_12'].values.copy()
      values[1, 4:8] = group
      broken = {**found, 'of_12': found['of_12']._replace(values=values)}
      measured = technique.invariants({'float': list(broken.values())})
      self.assertEqual(measured[name], 1)
      self.assertEqual(
          measured['zeros_missing'], int(name == 'groups_violated')
      )


class BlockTest(tf.test.TestCase, parameterized.TestCase):

  @parameterized.parameters(([4, 1], 15, 8), ([4, 2], 9, 4), ([5, 3], 6, 3))
  def test_exported_model_has_zeros_in_blocks(self, block_size, blocks, kept):
    found, measured, _ = _run(
        _wide(), block_size=block_size, final_sparsity=0.5, schedule='constant'
    )
    for name in ('zeros_missing', 'zeros_in_excess', 'blocks_broken'):
      self.assertEqual(measured[name], 0, name)
    self.assertEqual(measured['covered'], ['of_12'])
    self.assertCountEqual(
        measured['skipped'], ['of_3', 'of_10', 'depthwise', 'of_7', 'of_6']
    )
    values = found['of_12'].values.T
    height, width = block_size
    full = [
        np.count_nonzero(values[i : i + height, j : j + width])
        for i in range(0, 12, height)
        for j in range(0, 5, width)
    ]
    self.assertLen(full, blocks)
    self.assertEqual(np.count_nonzero(full), kept)

  def test_convolutions_are_refused_by_name(self):
    _, measured, _ = _run(_wide(), block_size=[4, 1], final_sparsity=0.5)
    self.assertEqual(measured['layers_refused'], 4)
    self.assertLen(measured['refused'], 4)
    for name, text in zip(
        ['of_3', 'of_10', 'of_7', 'of_6'], measured['refused']
    ):
      self.assertStartsWith(text, f'{name}: ')
      self.assertIn('2-dimensional weights', text)

  def test_invariants_see_a_broken_block(self):
    found, _, technique = _run(_wide(), block_size=[4, 1], final_sparsity=0.5)
    values = found['of_12'].values.copy()
    output, channel = np.argwhere(values == 0)[0]
    values[output, channel] = 1
    found['of_12'] = found['of_12']._replace(values=values)
    measured = technique.invariants({'float': list(found.values())})
    self.assertEqual(measured['blocks_broken'], 1)
    self.assertEqual(measured['zeros_missing'], 1)


def _mobile(stride: int, activation: str = 'relu6') -> tf_keras.Model:
  """Returns a flat model with a stem and a block as MobileNetV2 has them."""
  layers = tf_keras.layers
  inputs = tf_keras.Input([8, 8, 3])
  x = layers.Conv2D(8, 3, stride, padding='same', name='stem')(inputs)
  x = layers.BatchNormalization()(x)
  x = layers.Activation(activation)(x)
  x = layers.Conv2D(24, 1, use_bias=False, name='expand')(x)
  x = layers.DepthwiseConv2D(3, 2, padding='same', name='depthwise')(x)
  x = layers.Conv2D(16, 1, name='project')(x)
  x = layers.GlobalAveragePooling2D()(x)
  return tf_keras.Model(inputs, layers.Dense(5, name='logits')(x))


class XnnpackTest(tf.test.TestCase, parameterized.TestCase):

  @parameterized.parameters(1, 2)
  def test_prunes_what_the_policy_allows(self, stride):
    found, measured, technique = _run(
        _mobile(stride), for_xnnpack=True, final_sparsity=0.8
    )
    self.assertEqual(technique.kinds, ('float', 'sparse'))
    self.assertEqual(measured['covered'], ['expand', 'project'])
    self.assertCountEqual(measured['skipped'], ['stem', 'depthwise', 'logits'])
    self.assertEqual(measured['zeros_missing'], 0)
    self.assertEqual(measured['zeros_in_excess'], 0)
    self.assertEqual(measured['densify_operators'], 2)
    self.assertEqual(found['expand'].values.size - found['expand'].zeros, 38)
    self.assertEqual(found['stem'].zeros, 0)

  def test_starts_from_the_given_outputs(self):
    model = _mobile(1)
    images = np.random.default_rng(0).normal(size=(4, 8, 8, 3))
    technique = pruning.Pruning(_config(for_xnnpack=True))
    pruned = technique.apply(model)
    self.assertAllClose(pruned(images), model(images), rtol=1e-4, atol=1e-5)

  @parameterized.parameters(
      (_model, 'Could not find `Conv2D 3x3` layer with stride 2x2'),
      (lambda: _mobile(1, 'swish'), 'Layer Activation is not supported'),
  )
  def test_model_that_is_refused(self, build, pattern):
    with self.assertRaisesRegex(
        errors.InputError, f'cannot be pruned for XNNPACK: {pattern}'
    ):
      pruning.Pruning(_config(for_xnnpack=True)).apply(build())


if __name__ == '__main__':
  tf.test.main()
