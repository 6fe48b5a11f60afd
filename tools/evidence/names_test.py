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

"""Tests of the names of rows."""

from absl.testing import absltest

from tfmot_contrib import errors
from tools.evidence import names


class NamesTest(absltest.TestCase):

  def test_name_of_no_model(self):
    with self.assertRaisesRegex(errors.InputError, 'vit_half begins with no'):
      names.split('vit_half', ['resnet_cifar10'])

  def test_longest_model_wins(self):
    name = names.split('net_small_half', ['net', 'net_small'])
    self.assertEqual((name.model, name.label), ('net_small', 'half'))

  def test_title_and_order(self):
    models = ['vit', 'mobilenet_v2_cifar10', 'resnet_cifar10', 'bert']
    self.assertEqual(
        [names.title(model) for model in sorted(models, key=names.order)],
        ['ResNet-18', 'MobileNetV2', 'bert', 'vit'],
    )


if __name__ == '__main__':
  absltest.main()
