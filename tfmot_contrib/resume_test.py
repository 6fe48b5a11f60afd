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

"""Tests of each technique that training in two parts equals training in one.

A mask, a centroid or a range that a checkpoint does not hold is lost when a
training is resumed, and no accuracy tells. So each way of training of
`tfmot_contrib` takes the steps of its smoke run twice: at once, and in two
parts with a checkpoint between them: the second part starts from what the
first training left halfway. The weights must be the same bits.
"""

import json
import os
import pathlib
import shutil

from absl.testing import absltest
from absl.testing import parameterized
import numpy as np
import runfiles

from official.core import train_utils
from tfmot_contrib import experiment
from tfmot_contrib import registry_imports  # pylint: disable=unused-import

_HALF = 4
_WHOLE = 6
# By way of training: its folder, experiment, row, and the run that it starts
# from.
_WAYS = {
    'pruning': ('pruning', 'pruning', 'sparsity80', 'baselines/resnet_cifar10'),
    'm_by_n': (
        'pruning',
        'pruning',
        'sparsity_2_by_4',
        'baselines/resnet_cifar10',
    ),
    'clustering': (
        'clustering',
        'clustering',
        'clusters16',
        'baselines/resnet_cifar10',
    ),
    'sparse_clustering': (
        'combine',
        'sparse_clustering',
        'sparsity_clusters16',
        'pruning/resnet_cifar10_sparsity80',
    ),
    'qat': ('quantization', 'qat', 'qat8', 'baselines/resnet_cifar10'),
    'nbit': ('quantization', 'qat', 'nbit4', 'baselines/resnet_cifar10'),
    'pqat': ('combine', 'combine', 'pqat', 'pruning/resnet_cifar10_sparsity50'),
    'cqat': (
        'combine',
        'combine',
        'cqat',
        'clustering/resnet_cifar10_clusters16',
    ),
    'pcqat': (
        'combine',
        'combine',
        'pcqat',
        'combine/resnet_cifar10_sparsity_clusters16',
    ),
}


class ResumeTest(parameterized.TestCase):

  @parameterized.named_parameters((way, *row) for way, row in _WAYS.items())
  def test_two_parts_are_one(self, folder, kind, row, start):
    found = runfiles.Create()

    def path(name):
      return found.Rlocation(f'tfmot_models/tfmot_contrib/{name}')

    data = os.path.dirname(found.Rlocation('cifar10/smoke/train_labels.npy'))

    trainer = {
        'train_steps': _WHOLE,
        'checkpoint_interval': _HALF // 2,
        'max_to_keep': _WHOLE,
    }

    def fit(model_dir):
      task = {
          'init_model': path(f'{start}_smoke_run') + '/model.keras',
          'train_data': {'input_path': data, 'seed': 1},
          'validation_data': {'input_path': data},
      }
      params = experiment.parse(
          train_utils.ParseConfigOptions(
              experiment=f'resnet_cifar10_{kind}',
              config_file=[
                  path(f'{folder}/configs/{name}.yaml')
                  for name in (row, 'smoke')
              ],
              params_override=json.dumps({'task': task, 'trainer': trainer}),
          )
      )
      model, _, task = experiment.train(params, 'train', model_dir)
      variables = [v.numpy() for v in model.variables]
      return variables, task.result(model).get_weights()

    folder_of_whole = self.create_tempdir().full_path
    whole = fit(folder_of_whole)
    folder_of_parts = self.create_tempdir().full_path
    for suffix in ('.index', '.data-00000-of-00001'):
      shutil.copy(f'{folder_of_whole}/ckpt-{_HALF}{suffix}', folder_of_parts)
    last = pathlib.Path(folder_of_parts, 'checkpoint')
    last.write_text(f'model_checkpoint_path: "ckpt-{_HALF}"\n')
    with self.assertLogs(level='INFO') as logs:
      parts = fit(folder_of_parts)
    self.assertRegex('\n'.join(logs.output), f'restored from .*ckpt-{_HALF}')
    for seen, expected in zip(parts, whole, strict=True):
      for one, other in zip(seen, expected, strict=True):
        np.testing.assert_array_equal(one, other)


if __name__ == '__main__':
  absltest.main()
