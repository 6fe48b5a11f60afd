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

"""Tests that evidence is read, paired and judged."""

import dataclasses
import pathlib
import subprocess

from absl.testing import absltest

from tfmot_contrib import errors
from tfmot_contrib.convergence import record
from tools.evidence import rows
from tools.evidence import testing


class RowsTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    root = pathlib.Path(self.create_tempdir().full_path)
    testing.project(root)
    self.contrib = root / 'tfmot_contrib'

  def test_order(self):
    techniques = rows.load(self.contrib.parent)
    self.assertEqual(
        [t.name for t in techniques], ['baselines', 'pruning', 'combine']
    )
    self.assertEqual(
        [(r.test, r.label) for r in techniques[0].rows],
        [('resnet_cifar10', 'float'), ('mobilenet_v2_cifar10', 'float')],
    )

  def test_numbers_against_the_baseline(self):
    row = rows.load(self.contrib.parent)[1].judged[0]
    self.assertEqual([e.kind for e in row.exports], ['float', 'int8', 'sparse'])
    best = row.deployed
    self.assertEqual(best.kind, 'int8')
    self.assertEqual((best.drop, best.gzip_bytes), (1.25, 15_000))
    self.assertEqual((best.zipped, best.plain, best.faster), (0.15, 0.15, 2.5))

  def test_zeros_and_values_of_covered_layers_where_they_matter(self):
    baselines, pruning, combine = rows.load(self.contrib.parent)
    pruned = pruning.judged[0].exports[0]
    self.assertEqual((pruned.sparsity, pruned.values), (0.5, None))
    clustered = combine.judged[0].exports[0]
    self.assertEqual((clustered.sparsity, clustered.values), (None, 9))
    plain = baselines.judged[0].exports[0]
    self.assertEqual((plain.sparsity, plain.values), (None, None))

  def test_refused_with_claims(self):
    path = self.contrib / 'pruning/technique.yaml'
    text = path.read_text(encoding='utf-8')
    path.write_text(
        text.replace('mobilenet_v2_cifar10_half:', 'resnet_cifar10_half:'),
        encoding='utf-8',
    )
    rows.write_sums(path.parent)
    with self.assertRaisesRegex(errors.InputError, 'refused and has claims'):
      rows.load(self.contrib.parent)

  def test_refused_and_missing_evidence(self):
    refused = rows.load(self.contrib.parent)[1].rows[1]
    self.assertEqual(refused.model, 'mobilenet_v2_cifar10')
    self.assertStartsWith(refused.refused, 'ValueError: no')
    self.assertIsNone(refused.run)
    (self.contrib / 'pruning/evidence/resnet_cifar10_half.json').unlink()
    rows_left = rows.load(self.contrib.parent)[1].rows
    self.assertFalse(rows_left[0].run or rows_left[0].refused)

  def test_drop_is_from_the_control(self):
    home = self.contrib / 'baselines/evidence'
    exported = {'float': testing.exported(82.0, 1.0, 1.0)}
    params = {'task': {'technique': {}}}
    for name, weights, lineage in (
        ('resnet_cifar10_control_other', 'a', '2'),
        ('resnet_cifar10_control_epoch', 'b', '1'),
    ):
      control = testing.run(weights, lineage, exported=exported, params=params)
      record.write(control, home / f'{name}.json')
    rows.write_sums(home)
    path = self.contrib / 'pruning/evidence/resnet_cifar10_half.json'
    run = record.read(path)
    run.params['task'] = {'technique': {'sparsity': 0.5}}
    record.write(run, path)
    rows.write_sums(path.parent)
    row = rows.load(self.contrib.parent)[1].judged[0]
    self.assertEqual(row.control.weights, 'b' * 64)
    self.assertEqual(row.deployed.drop, 82.0 - 78.75)

  def test_drop_is_of_mirror_images_too(self):
    path = self.contrib / 'pruning/evidence/resnet_cifar10_half.json'
    before = rows.load(self.contrib.parent)[1].judged[0].deployed
    run = record.read(path)
    run.exported[before.kind]['mirrored_accuracy'] -= 1
    record.write(run, path)
    rows.write_sums(path.parent)
    after = rows.load(self.contrib.parent)[1].judged[0].deployed
    self.assertEqual(after.drop, before.drop + 1)
    self.assertEqual(after.accuracy, before.accuracy)

  def test_stages_have_the_control_of_their_stages(self):
    runs = {
        r.weights: r
        for r in (
            testing.run('3', '1'),
            testing.run('4', '1', '3'),
        )
    }
    controls = [
        testing.run('9', '1', '8'),
        testing.run('6', '1', '5'),
        testing.run('5', '1'),
    ]
    last = runs['4' * 64]
    found = rows.control_of(last, controls, runs)
    self.assertEqual(found.weights, '6' * 64)
    self.assertIsNone(rows.control_of(last, controls[:2], runs))
    self.assertIsNone(rows.control_of(last, controls, {}))

  def test_evidence_of_another_baseline(self):
    path = self.contrib / 'baselines/evidence/resnet_cifar10.json'
    record.write(testing.run('7'), path)
    rows.write_sums(path.parent)
    with self.assertRaisesRegex(errors.InputError, 'not in the evidence'):
      rows.load(self.contrib.parent)

  def test_baseline_of_another_machine_beside_the_row(self):
    path = self.contrib / 'pruning/evidence/resnet_cifar10_half.json'
    run = record.read(path)
    another = testing.run('9')
    record.write(another, path.parent / 'float.resnet_cifar10.json')
    record.write(dataclasses.replace(run, lineage=[another.weights]), path)
    rows.write_sums(path.parent)
    found = {
        row.test: row
        for technique in rows.load(self.contrib.parent)
        for row in technique.judged
    }
    self.assertEqual(found['resnet_cifar10_half'].baseline, another)

  def test_baseline_of_other_data(self):
    path = self.contrib / 'baselines/evidence/resnet_cifar10.json'
    record.write(testing.run('1', data='1' * 64), path)
    rows.write_sums(path.parent)
    with self.assertRaisesRegex(errors.InputError, 'has data dd.* 11'):
      rows.load(self.contrib.parent)

  def test_name_of_no_model(self):
    with self.assertRaisesRegex(errors.InputError, 'vit_half begins with no'):
      rows.split('vit_half', ['resnet_cifar10'])

  def test_longest_model_wins(self):
    parts = rows.split('net_small_half', ['net', 'net_small'])
    self.assertEqual(parts, ('net_small', 'half'))

  def test_title_and_order(self):
    models = ['vit', 'mobilenet_v2_cifar10', 'resnet_cifar10', 'bert']
    self.assertEqual(
        [rows.title(model) for model in sorted(models, key=rows.order)],
        ['ResNet-18', 'MobileNetV2', 'bert', 'vit'],
    )

  def test_sums(self):
    folder = self.contrib / 'pruning/evidence'
    command = ['sha256sum', '--check', '--strict', rows.SUMS]
    subprocess.run(command, cwd=folder, check=True)
    path = folder / 'resnet_cifar10_half.json'
    text = path.read_text(encoding='utf-8')
    path.write_text(text.replace('79.0', '89.0'), encoding='utf-8')
    with self.assertRaisesRegex(errors.InputError, 'half.json was edited by'):
      rows.load(self.contrib.parent)
    (folder / rows.SUMS).write_text('', encoding='utf-8')
    with self.assertRaisesRegex(errors.InputError, 'is not in SHA256SUMS'):
      rows.load(self.contrib.parent)
    (folder / rows.SUMS).unlink()
    with self.assertRaisesRegex(errors.InputError, 'is not in SHA256SUMS'):
      rows.load(self.contrib.parent)


if __name__ == '__main__':
  absltest.main()
