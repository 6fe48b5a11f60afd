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

import pathlib

from absl.testing import absltest

from tfmot_contrib import errors
from tfmot_contrib.convergence import record
from tools.report import rows
from tools.report import small_evidence


class RowsTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    root = pathlib.Path(self.create_tempdir().full_path)
    small_evidence.project(root)
    self.contrib = root / 'tfmot_contrib'

  def test_order(self):
    techniques = rows.load(self.contrib)
    self.assertEqual(
        [t.path.name for t in techniques], ['baselines', 'pruning', 'combine']
    )
    self.assertEqual(
        [r.name for r in techniques[0].rows],
        [
            ('resnet_cifar10', 'resnet_cifar10', 'float'),
            ('mobilenet_v2_cifar10', 'mobilenet_v2_cifar10', 'float'),
        ],
    )

  def test_numbers_against_the_baseline(self):
    row = rows.load(self.contrib)[1].judged[0]
    self.assertEqual([e.kind for e in row.exports], ['float', 'int8', 'sparse'])
    best = row.deployed
    self.assertEqual(best.kind, 'int8')
    self.assertEqual((best.drop, best.gzip_bytes), (1.25, 15_000))
    self.assertEqual((best.zipped, best.plain, best.faster), (0.15, 0.15, 2.5))

  def test_zeros_and_values_of_covered_layers_where_they_matter(self):
    baselines, pruning, combine = rows.load(self.contrib)
    pruned = pruning.judged[0].exports[0]
    self.assertEqual((pruned.sparsity, pruned.values), (0.5, None))
    clustered = combine.judged[0].exports[0]
    self.assertEqual((clustered.sparsity, clustered.values), (None, 9))
    plain = baselines.judged[0].exports[0]
    self.assertEqual((plain.sparsity, plain.values), (None, None))

  def test_refused(self):
    row = rows.load(self.contrib)[1].rows[1]
    self.assertIsInstance(row, rows.Refusal)
    self.assertEqual(row.name.model, 'mobilenet_v2_cifar10')
    self.assertLen(rows.load(self.contrib)[1].judged, 1)

  def test_refused_with_claims(self):
    path = self.contrib / 'pruning/technique.yaml'
    text = path.read_text(encoding='utf-8')
    path.write_text(
        text.replace('mobilenet_v2_cifar10_half:', 'resnet_cifar10_half:'),
        encoding='utf-8',
    )
    with self.assertRaisesRegex(errors.InputError, 'refused and has claims'):
      rows.load(self.contrib)

  def test_missing_evidence(self):
    (self.contrib / 'pruning/evidence/resnet_cifar10_half.json').unlink()
    rows_left = rows.load(self.contrib)[1].rows
    self.assertIsInstance(rows_left[0], rows.Missing)

  def test_evidence_of_another_baseline(self):
    path = self.contrib / 'baselines/evidence/resnet_cifar10.json'
    record.write(small_evidence.run('7'), path)
    with self.assertRaisesRegex(errors.InputError, 'not in the evidence'):
      rows.load(self.contrib)

  def test_baseline_of_other_data(self):
    path = self.contrib / 'baselines/evidence/resnet_cifar10.json'
    record.write(small_evidence.run('1', data='1' * 64), path)
    with self.assertRaisesRegex(errors.InputError, 'has data dd.* 11'):
      rows.load(self.contrib)

  def test_evidence_of_an_older_schema(self):
    path = self.contrib / 'pruning/evidence/resnet_cifar10_half.json'
    text = path.read_text(encoding='utf-8')
    path.write_text(
        text.replace('"schema_version": 3', '"schema_version": 2'),
        encoding='utf-8',
    )
    with self.assertRaisesRegex(errors.InputError, 'no run record of schema 3'):
      rows.load(self.contrib)


if __name__ == '__main__':
  absltest.main()
