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

"""Which runs and layers the plot of PCQAT's weights is made of."""

from typing import NamedTuple


class Stage(NamedTuple):
  """A run whose exported model is looked into.

  Attributes:
    technique: Its folder.
    test: The convergence test.
    kind: Which of its exported models.
    title: For the plot.
  """

  technique: str
  test: str
  kind: str
  title: str


PCQAT = (
    Stage('baselines', 'resnet_cifar10', 'float', 'float baseline'),
    Stage('pruning', 'resnet_cifar10_sparsity80', 'float', 'pruned'),
    Stage(
        'combine',
        'resnet_cifar10_sparsity_clusters16',
        'float',
        'clustered, zeros kept',
    ),
    Stage('combine', 'resnet_cifar10_pcqat', 'qat_int8', 'PCQAT'),
)
# A convolution of 3x3 and the shortcut of 1x1 that TFMOT's issue 979 is about.
LAYERS = ('conv2d_2_3', 'conv2d_7')
