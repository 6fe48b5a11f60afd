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

"""Tests of PQAT, CQAT and PCQAT: TFMOT trains, the exported model is judged."""

from typing import Any, Sequence

from absl.testing import parameterized
import numpy as np
import tensorflow as tf, tf_keras

from tfmot_contrib import errors
from tfmot_contrib import technique as technique_lib
from tfmot_contrib import technique_testing
from tfmot_contrib.clustering import clustering
from tfmot_contrib.combine import combine
from tfmot_contrib.combine import schemes
from tfmot_contrib.deployment import flatbuffer
from tfmot_contrib.modeling import kernels as kernels_lib
from tfmot_contrib.pruning import pruning
from tfmot_contrib.quantization import quantization

_COVERED = ['first', 'pointwise', 'logits']
_CLUSTERS = 4
_STEPS = 5
_STEPS_THAT_MOVE_WEIGHTS = 30  # From one cluster to another.


def _model() -> tf_keras.Model:
  """Returns a flat model with each kind of kernel, biases and weight decay."""
  tf_keras.utils.set_random_seed(1)
  layers, l2 = tf_keras.layers, tf_keras.regularizers.L2(0.01)
  inputs = tf_keras.Input([8, 8, 3])
  x = layers.Conv2D(10, 3, use_bias=False, kernel_regularizer=l2, name='first')(
      inputs
  )
  x = layers.BatchNormalization()(x)
  x = layers.ReLU()(x)
  x = layers.DepthwiseConv2D(3, padding='same', name='depthwise')(x)
  x = layers.Conv2D(7, 1, kernel_regularizer=l2, name='pointwise')(x)
  x = layers.GlobalAveragePooling2D()(x)
  x = layers.Dense(5, kernel_regularizer=l2, name='logits')(x)
  return tf_keras.Model(inputs, x, name='tiny')


def _prepared(
    clusters: int, zeros: bool, names: Sequence[str] = tuple(_COVERED)
) -> tf_keras.Model:
  """Returns the model as pruning and clustering would leave it.

  Args:
    clusters: How many values a kernel has, or 0 to leave them all.
    zeros: Whether half of them are zero.
    names: Of the layers to prepare.

  Returns:
    The model.
  """
  model = _model()
  for name in names:
    layer = model.get_layer(name)
    kernel, *others = layer.get_weights()
    kept = np.abs(kernel) > np.median(np.abs(kernel)) * zeros
    if clusters:
      values = np.linspace(kernel.min(), kernel.max(), clusters - zeros)
      nearest = np.abs(kernel[..., None] - values).argmin(-1)
      kernel = values[nearest]
    layer.set_weights([kernel * kept, *others])
  return model


def _train(
    model: tf_keras.Model, actions: Sequence[Any] = (), steps: int = _STEPS
) -> None:
  """Trains what the technique made."""
  optimizer = tf_keras.optimizers.SGD(0.05, momentum=0.9)
  technique_testing.train(model, actions, steps, optimizer)


def _exported(
    technique: technique_lib.Technique, model: tf_keras.Model
) -> dict[str, list[flatbuffer.Kernel]]:
  """Returns the kernels of the exported model, as a run has them."""
  images = technique_testing.images(8)
  return technique_testing.export(technique, model, images)[1]


def _combine(clusters: int, zeros: bool) -> combine.Combine:
  """Returns the technique as the registry makes it."""
  config = combine.CombineConfig(clusters=clusters, preserve_sparsity=zeros)
  technique = technique_lib.create(config)
  assert isinstance(technique, combine.Combine)
  return technique


class CombineTest(tf.test.TestCase, parameterized.TestCase):

  @parameterized.named_parameters(
      ('pqat', 0, True), ('cqat', _CLUSTERS, False), ('pcqat', _CLUSTERS, True)
  )
  def test_exported_model_keeps_what_it_was_given(self, clusters, zeros):
    technique = _combine(clusters, zeros)
    given = _prepared(clusters, zeros)
    before = kernels_lib.by_channel(given)
    model = technique.apply(given)
    self.assertAllEqual(kernels_lib.by_channel(model)['first'], before['first'])
    _train(model, technique.train_actions(model), _STEPS_THAT_MOVE_WEIGHTS)
    result = technique.strip(model)
    for name, values in kernels_lib.by_channel(result).items():
      self.assertNotAllClose(values, before[name], msg=name)
    exported = _exported(technique, result)
    self.assertEqual(list(exported), ['qat_int8'])
    by_name = {k.name: k for k in exported['qat_int8']}
    for name in _COVERED:
      kernel = by_name[name]
      self.assertEqual(kernel.values.dtype, np.int8)
      if zeros:
        self.assertFalse(np.any(kernel.channels[before[name] == 0]))
        self.assertLess(kernel.zeros, kernel.values.size)
      if clusters:
        self.assertLessEqual(kernel.distinct_per_channel, _CLUSTERS)
    measured = technique.invariants(exported)
    for number in (
        'zeros_lost',
        'clusters_in_excess',
        'distinct_before_folding_in_excess',
        'kernels_emptied',
        'left_alone',
    ):
      self.assertEqual(measured[number], 0, number)
    self.assertCountEqual(measured['covered'], _COVERED)
    self.assertEqual(measured['skipped'], ['depthwise'])
    self.assertEqual(measured['sparsity_of_covered'] >= 0.4, zeros)

  def test_ordinary_quantization_loses_both(self):
    technique = _combine(_CLUSTERS, True)
    given = _prepared(_CLUSTERS, True)
    technique.apply(given)
    model = quantization.quantize(given)
    _train(model)
    measured = technique.invariants(
        _exported(technique, technique.strip(model))
    )
    self.assertGreater(measured['zeros_lost'], 0)
    self.assertGreater(measured['clusters_in_excess'], 0)
    self.assertGreater(measured['distinct_before_folding_in_excess'], 0)

  def test_layer_that_was_not_clustered(self):
    technique = _combine(_CLUSTERS, True)
    given = _prepared(_CLUSTERS, True, ['first', 'pointwise'])
    # Pruned, but not clustered: its zeros are kept all the same.
    logits = given.get_layer('logits')
    kernel, bias = logits.get_weights()
    kernel[:, :2] = 0
    logits.set_weights([kernel, bias])
    model = technique.apply(given)
    _train(model, technique.train_actions(model))
    exported = _exported(technique, technique.strip(model))
    measured = technique.invariants(exported)
    self.assertCountEqual(measured['covered'], ['first', 'pointwise'])
    self.assertCountEqual(measured['skipped'], ['depthwise', 'logits'])
    self.assertEqual(measured['left_alone'], 1)
    self.assertEqual(measured['zeros_lost'], 0)
    (kernel,) = [k for k in exported['qat_int8'] if k.name == 'logits']
    self.assertFalse(np.any(kernel.channels[:2]))
    self.assertGreater(kernel.distinct_per_channel, _CLUSTERS)

  def test_stages_of_pcqat(self):
    model = _model()
    for technique in (
        pruning.Pruning(
            pruning.PruningConfig(
                schedule='constant', final_sparsity=0.5, end_step=2
            )
        ),
        clustering.Clustering(
            clustering.ClusteringConfig(
                clusters=_CLUSTERS, preserve_sparsity=True
            )
        ),
        _combine(_CLUSTERS, True),
    ):
      trained = technique.apply(model)
      _train(trained, technique.train_actions(trained))
      model = technique.strip(trained)
    measured = technique.invariants(_exported(technique, model))
    self.assertCountEqual(measured['covered'], _COVERED)
    self.assertEqual(measured['zeros_lost'], 0)
    self.assertEqual(measured['clusters_in_excess'], 0)
    self.assertGreaterEqual(measured['sparsity_of_covered'], 0.49)

  @parameterized.parameters(
      (0, False, 'clusters is 0 and preserve_sparsity is False: set one'),
      (1, True, 'clusters is 1 .* clusters to 2 or more'),
      (-1, True, 'clusters is -1'),
      (4, False, 'tiny has no kernel of 2 to 4 values: start from'),
      (0, True, 'tiny has no kernel with zeros: start from the model.keras'),
  )
  def test_refuses(self, clusters, zeros, pattern):
    with self.assertRaisesRegex(errors.InputError, pattern):
      _combine(clusters, zeros).apply(_model())

  def test_invariants_see_each_violation(self):
    technique = _combine(_CLUSTERS, True)
    given = _prepared(_CLUSTERS, True)
    layers = kernels_lib.by_channel(given)
    technique.strip(technique.apply(given))

    def kernels(**changed: np.ndarray) -> dict[str, list[flatbuffer.Kernel]]:
      operators = {
          'depthwise': 'DEPTHWISE_CONV_2D',
          'logits': 'FULLY_CONNECTED',
      }
      found = []
      for name, rows in {**layers, **changed}.items():
        operator = operators.get(name, 'CONV_2D')
        values = rows.T if name == 'depthwise' else rows
        shape = (1, 1, *values.shape) if 'CONV' in operator else values.shape
        if operator == 'CONV_2D':
          shape = (len(values), 1, 1, values.shape[1])
        found.append(flatbuffer.Kernel(name, operator, values.reshape(shape)))
      return {'qat_int8': found}

    good = technique.invariants(kernels())
    self.assertEqual(
        [good['zeros_lost'], good['clusters_in_excess'], good['left_alone']],
        [0, 0, 0],
    )
    lost = layers['first'].copy()
    lost[lost == 0] = lost.max()
    measured = technique.invariants(kernels(first=lost))
    self.assertEqual(measured['zeros_lost'], np.sum(layers['first'] == 0))
    self.assertEqual(measured['clusters_in_excess'], 0)
    split = np.where(layers['logits'] == 0, 0, np.arange(1, 36).reshape(5, 7))
    measured = technique.invariants(kernels(logits=split))
    self.assertEqual(measured['zeros_lost'], 0)
    most = max(np.unique(row).size for row in split)
    self.assertEqual(measured['clusters_in_excess'], most - _CLUSTERS)
    measured = technique.invariants(
        kernels(pointwise=np.zeros_like(layers['pointwise']))
    )
    self.assertEqual(measured['kernels_emptied'], 1)


class SchemeTest(tf.test.TestCase):

  def test_keeps(self):
    model = _prepared(_CLUSTERS, True, ['first'])
    layers = {layer.name: layer for layer in model.layers}
    self.assertEqual(schemes.keeps(layers['first'], 4, True), (True, True))
    self.assertEqual(schemes.keeps(layers['first'], 3, True), (False, True))
    self.assertEqual(schemes.keeps(layers['first'], 0, True), (False, True))
    self.assertEqual(schemes.keeps(layers['first'], 4, False), (True, False))
    self.assertEqual(schemes.keeps(layers['logits'], 4, True), (False, False))
    depthwise = layers['depthwise']
    depthwise.set_weights([w * 0 for w in depthwise.get_weights()])
    self.assertEqual(schemes.keeps(depthwise, 4, True), (False, False))

  def test_graph_does_not_grow_with_the_channels(self):
    # TFMOT's own scheme adds some ten operations a channel, so that a small
    # MobileNet took minutes to its first step.

    def operations(channels: int) -> int:
      inputs = tf_keras.Input([4, 4, 8])
      layer = tf_keras.layers.Conv2D(channels, 3)
      model = tf_keras.Model(inputs, layer(inputs))
      values = np.arange(3 * 3 * 8 * channels) % 5 - 1.5
      layer.kernel.assign(values.reshape(layer.kernel.shape))
      quantized = quantization.quantize(
          model, schemes.PreservingScheme(5, False)
      )
      function = tf.function(lambda x: quantized(x, training=True))
      shape = tf.TensorSpec([1, 4, 4, 8])
      return len(function.get_concrete_function(shape).graph.get_operations())

    self.assertEqual(operations(3), operations(30))


if __name__ == '__main__':
  tf.test.main()
