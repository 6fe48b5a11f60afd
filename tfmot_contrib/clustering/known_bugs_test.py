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

"""Faults of TFMOT 0.8.1 that this folder works around.

Each test holds while TFMOT has the fault. When one fails, TFMOT has mended it
and its message says what can go.
"""

import warnings

from absl.testing import parameterized
import tensorflow as tf, tf_keras
import tensorflow_model_optimization as tfmot

_INIT = tfmot.clustering.keras.CentroidInitialization.KMEANS_PLUS_PLUS
_MENDED = (
    'TFMOT has mended it: send no docs/upstream/tfmot-per-channel-bias.patch,'
    ' say so in tfmot_contrib/clustering/README.md and let clustering.py use'
    ' cluster_weights(cluster_per_channel=True) if that is fast by now'
)


def _clustered(use_bias: bool) -> tuple[tf_keras.layers.Layer, bool]:
  """Clusters a convolution of 108 weights a channel, per channel.

  Args:
    use_bias: Of the convolution.

  Returns:
    What TFMOT returns, and whether that is the layer as it was.
  """
  layer = tf_keras.layers.Conv2D(8, 3, use_bias=use_bias)
  layer.build([None, 8, 8, 12])
  with warnings.catch_warnings(record=True):
    result = tfmot.clustering.keras.cluster_weights(
        layer, 16, _INIT, cluster_per_channel=True
    )
  return result, result is layer


class KnownBugsTest(tf.test.TestCase, parameterized.TestCase):

  def test_per_channel_ignores_convolutions_without_bias(self):
    # The number of channels is taken from the last weight, which is the kernel
    # if there is no bias: each "channel" then has one weight, too few.
    _, ignored = _clustered(use_bias=False)
    self.assertTrue(ignored, _MENDED)

  def test_per_channel_takes_convolutions_with_bias(self):
    # Else the test above would hold for another reason.
    result, ignored = _clustered(use_bias=True)
    self.assertFalse(ignored)
    self.assertTrue(result.cluster_per_channel)


if __name__ == '__main__':
  tf.test.main()
