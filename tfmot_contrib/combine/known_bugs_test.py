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

"""Known TFMOT bugs in what this folder is about, met on the pinned TFMOT.

Of an open bug the test shows that it is there still. When such a test fails the
bug is mended, or hidden: its message says what to do then.
"""

from absl.testing import parameterized
import numpy as np
import tensorflow as tf, tf_keras
import tensorflow_model_optimization as tfmot

from tfmot_contrib.combine import schemes

_ISSUES = 'https://github.com/tensorflow/model-optimization/issues/'
_MENDED = (
    'TFMOT has mended {}. Say so in combine/README.md, raise the floor in'
    ' technique.yaml, and see whether schemes.py still needs its workaround.'
)
_CLUSTERS = (-0.3, -0.1, 0.2, 0.4)
_CLUSTERS_WITH_ZERO = (-0.3, 0.0, 0.2, 0.4)


def _kernel(shape: tuple[int, ...], values: tuple[float, ...]) -> np.ndarray:
  """Returns a clustered kernel."""
  chosen = np.random.default_rng(0).integers(0, len(values), shape)
  return np.array(values, np.float32)[chosen]


def _trained(
    kernels: list[np.ndarray], scheme: object, steps: int = 3
) -> list[np.ndarray]:
  """Trains convolutions one after the other, as TFMOT's guide does.

  Args:
    kernels: Of the convolutions.
    scheme: For `quantize_apply`.
    steps: How long.

  Returns:
    The kernels after training.
  """
  tf_keras.utils.set_random_seed(1)
  inputs = x = tf_keras.Input([8, 8, kernels[0].shape[2]])
  for kernel in kernels:
    x = tf_keras.layers.Conv2D(kernel.shape[3], kernel.shape[0])(x)
  x = tf_keras.layers.GlobalAveragePooling2D()(x)
  model = tf_keras.Model(inputs, x)
  for layer, kernel in zip(model.layers[1:], kernels):
    layer.set_weights([kernel, np.zeros(kernel.shape[3])])
  quantized = tfmot.quantization.keras.quantize_apply(
      tfmot.quantization.keras.quantize_annotate_model(model), scheme
  )
  quantized.compile('sgd', 'mse', run_eagerly=True)
  random = np.random.default_rng(0)
  quantized.fit(
      random.normal(size=(16, 8, 8, kernels[0].shape[2])),
      random.normal(size=(16, kernels[-1].shape[3])),
      epochs=steps,
      verbose=0,
  )
  return [w.numpy() for w in quantized.weights if w.name.endswith('/kernel:0')]


def _tfmot(preserve_sparsity: bool) -> object:
  """Returns TFMOT's own scheme."""
  combine = tfmot.experimental.combine
  return combine.Default8BitClusterPreserveQuantizeScheme(preserve_sparsity)


class ClustersLostTest(tf.test.TestCase):
  """CQAT takes a kernel for one that was clustered by output channel."""

  def test_issue_1056_is_open(self):
    before = _kernel((3, 3, 8, 6), _CLUSTERS)
    self.assertLen(np.unique(before), 4)
    (after,) = _trained([before], _tfmot(preserve_sparsity=False))
    self.assertLen(np.unique(after), 4 * 6, _MENDED.format(_ISSUES + '1056'))

  def test_not_with_our_scheme(self):
    before = _kernel((3, 3, 8, 6), _CLUSTERS)
    (after,) = _trained([before], schemes.PreservingScheme(4, False))
    self.assertNotAllClose(after, before)
    self.assertLen(np.unique(after), 4)


class PointwiseZeroedTest(tf.test.TestCase, parameterized.TestCase):
  """PCQAT makes the smallest value of a channel zero, whatever it is."""

  def test_issue_979_as_reported_is_gone(self):
    before = _kernel((1, 1, 1, 16), _CLUSTERS_WITH_ZERO)
    (after,) = _trained([before], _tfmot(preserve_sparsity=True))
    self.assertAllEqual(after == 0, before == 0)
    # TFMOT no longer touches a kernel with one weight a channel: no zeros are
    # made, but its clusters are lost.
    self.assertGreater(np.unique(after).size, 4)

  def test_issue_979_is_open_for_two_input_channels(self):
    before = _kernel((1, 1, 2, 16), _CLUSTERS_WITH_ZERO)
    (after,) = _trained([before], _tfmot(preserve_sparsity=True))
    self.assertGreater(
        np.count_nonzero((after == 0) & (before != 0)),
        0,
        _MENDED.format(_ISSUES + '979'),
    )

  @parameterized.parameters(1, 2, 16)
  def test_not_with_our_scheme(self, channels):
    before = _kernel((1, 1, channels, 16), _CLUSTERS_WITH_ZERO)
    (after,) = _trained([before], schemes.PreservingScheme(4, True))
    self.assertNotAllClose(after, before)
    self.assertAllEqual(after == 0, before == 0)
    self.assertLessEqual(np.unique(after).size, 4)


class ZerosForgottenTest(tf.test.TestCase):
  """One layer without zeros ends the keeping of zeros in all of them."""

  def setUp(self):
    super().setUp()
    self.before = [
        _kernel((3, 3, 4, 8), _CLUSTERS_WITH_ZERO),
        _kernel((3, 3, 8, 8), _CLUSTERS),
    ]

  def test_is_open(self):
    after, _ = _trained(self.before, _tfmot(preserve_sparsity=True))
    lost = np.count_nonzero(after[self.before[0] == 0])
    self.assertGreater(lost, 0, _MENDED.format('the shared PCQAT quantizer'))

  def test_not_with_our_scheme(self):
    after, other = _trained(self.before, schemes.PreservingScheme(4, True))
    self.assertAllEqual(after == 0, self.before[0] == 0)
    self.assertLen(np.unique(after), 4)
    self.assertLen(np.unique(other), 4)


if __name__ == '__main__':
  tf.test.main()
