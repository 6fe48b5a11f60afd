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

"""Tests of the tables, cell by cell."""

import dataclasses
import pathlib

from absl.testing import absltest

from tfmot_contrib.convergence import reference
from tools.evidence import rows
from tools.evidence import tables
from tools.evidence import testing


def _cells(table: str) -> list[list[str]]:
  """Returns the lines of the Markdown tables in a text."""
  return [
      [cell.strip() for cell in line.split(' | ')]
      for line in table.splitlines()
      if line.startswith('|')
  ]


class TablesTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    root = pathlib.Path(self.create_tempdir().full_path)
    testing.project(root)
    self.techniques = rows.load(root)

  def test_results(self):
    self.assertEqual(
        tables.results(self.techniques[1]),
        """\
| row | model | exported as | top-1 | drop | zipped bytes | zipped | plain |\
 times faster | zeros | training | claims |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
| `half` | ResNet-18 | float | 79.00 % | +1.00 | 60,000 | 0.600 | 0.600 |\
 1.00 | 50.00 % | 12 s | 4 of 4 hold |
|  |  | int8 | 78.75 % | +1.25 | 15,000 | 0.150 | 0.150 |\
 2.50 | 55.00 % |  |  |
|  |  | sparse | 79.00 % | +1.00 | 40,000 | 0.400 | 0.400 |\
 0.50 | 50.00 % |  |  |
| `half` | MobileNetV2 | - | - | - | - | - | - | - | - | - |\
 refused: `ValueError: no 'a' \\| b at all` |""",
    )

  def test_a_baseline_is_not_compared_with_itself(self):
    header, _, plain, int8, other = _cells(tables.results(self.techniques[0]))
    drop = header.index('drop')
    self.assertEqual(
        [plain[drop], int8[drop], other[drop]], ['-', '+0.50', '-']
    )

  def test_columns_with_nothing_are_left_out(self):
    header = _cells(tables.results(self.techniques[2]))[0]
    self.assertIn('weights per channel', header)
    self.assertNotIn('zeros', header)

  def test_known_failure_is_named(self):
    self.assertIn(
        f'3 of 4 hold; known failure: [kept]({testing.KNOWN}) |',
        tables.results(self.techniques[2]),
    )

  def test_failure_is_named_and_what_is_reported_does_not_count(self):
    row = self.techniques[1].judged[0]
    judged = row.verdicts[0]
    claim = dataclasses.replace(judged.claim, reported=True)
    for verdict, text in (
        (dataclasses.replace(judged, holds=False), '3 of 4 hold; FAIL: steps'),
        (
            dataclasses.replace(judged, claim=claim, holds=False),
            '3 of 3 hold; reported: steps',
        ),
    ):
      row.verdicts[0] = verdict
      self.assertIn(text, tables.results(self.techniques[1]))

  def test_noise_of_a_reference_of_another_processor(self):
    technique = self.techniques[1]
    row = technique.rows[0]
    claim = dataclasses.replace(row.verdicts[0].claim, id='d', relation='drop')
    seeds = [
        reference.Seed(i, {'d': drop}, weights='', control='', batch='')
        for i, drop in enumerate((1.0, 1.1, 1.2))
    ]
    known = reference.Reference(
        test='net_half',
        tier='cpu',
        instruction_set='asimd',
        recipe='',
        data='',
        stack={},
        seeds=seeds,
        exact={},
        sizes={},
        history=[],
    )
    row = dataclasses.replace(
        row,
        known=known,
        control=row.run,
        verdicts=[dataclasses.replace(row.verdicts[0], claim=claim)],
    )
    one = dataclasses.replace(technique, rows=[row])
    line = _cells(tables.results(one))[2]
    self.assertEqual(line[-5:-2], ['+1.10 +- 0.10 (3)', '7.22', '1.90'])

  def test_matrix(self):
    text = tables.matrix(self.techniques)
    self.assertStartsWith(
        text,
        '4 rows on all models, 14 claims: 13 hold, 1 known to fail.'
        ' Combinations that are refused: 1.\n\n###'
        ' [baselines](baselines/README.md)\n\n|',
    )
    self.assertIn(
        '| `half` | ResNet-18 | float / int8 / sparse | 80.00 | 79.00 / 78.75'
        ' / 79.00 | 0.600 / 0.150 / 0.400 | 0.600 / 0.150 / 0.400 | 1.00 / 2.50'
        ' / 0.50 | 4 of 4 hold |\n|  | MobileNetV2 | - | - | - | - | - | - |'
        ' refused: ',
        text,
    )

  def test_summary(self):
    models = ['mobilenet_v2_cifar10', 'resnet_cifar10']
    self.assertEqual(
        tables.summary(self.techniques, models).splitlines()[2:],
        [
            (
                '| [baselines](tfmot_contrib/baselines/README.md) | `float` |'
                ' float / int8 | +0.00 | 1.000 | +0.50 | 0.250 | 6 of 6 hold |'
            ),
            (
                '| [pruning](tfmot_contrib/pruning/README.md) | `half` | int8 |'
                ' refused | - | +1.25 | 0.150 | 4 of 4 hold |'
            ),
            (
                '| [combine](tfmot_contrib/combine/README.md) | `all` |'
                ' qat_int8 | - | - | -1.00 | 0.100 | 3 of 4 hold, 1 known to'
                ' fail |'
            ),
        ],
    )


if __name__ == '__main__':
  absltest.main()
