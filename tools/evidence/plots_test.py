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

"""Tests that the plots show what they should, the same each time."""

import pathlib

from absl.testing import absltest

from tfmot_contrib.convergence import record
from tools.base import figures
from tools.evidence import plots
from tools.evidence import rows
from tools.evidence import testing


class PlotsTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    root = pathlib.Path(self.create_tempdir().full_path)
    testing.project(root)
    self.contrib = root / 'tfmot_contrib'

  def _figure(self):
    return plots.accuracy_against_size(rows.load(self.contrib.parent))

  def test_accuracy_is_equal_each_time(self):
    first = figures.svg(self._figure())
    self.assertEqual(first, figures.svg(self._figure()))
    for text in ('ResNet-18', 'MobileNetV2', 'pruning', 'qat_int8'):
      self.assertIn(f'>{text}</text>', first)
    self.assertNotIn('float16', first)  # Nothing is exported as that.
    self.assertNotIn(' \n', first)

  def test_every_exported_model_is_a_point(self):
    panel = self._figure().axes[0]
    self.assertEqual(panel.get_title(), 'ResNet-18')
    points = sorted(
        (round(line.get_xdata()[0], 6), line.get_ydata()[0])
        for line in panel.lines
        if line.get_marker() != 'None'
    )
    self.assertEqual(
        points,
        [
            (0.01, 81.0),
            (0.015, 78.75),
            (0.025, 79.5),
            (0.04, 79.0),
            (0.06, 79.0),
            (0.1, 80.0),
        ],
    )

  def test_collapse_is_shown_as_a_number(self):
    path = self.contrib / 'combine/evidence/resnet_cifar10_all.json'
    run = record.read(path)
    run.exported['qat_int8']['accuracy'] = 10.0
    record.write(run, path)
    rows.write_sums(path.parent)
    panel = self._figure().axes[0]
    self.assertGreater(panel.get_ylim()[0], 70)
    self.assertIn('all 10.0 % ↓', [text.get_text() for text in panel.texts])

  def test_front(self):
    points = [(3, 90), (1, 80), (2, 70), (1, 79), (4, 90), (2, 85)]
    self.assertEqual(plots.front(points), [1, 5, 0])

  def test_weights(self):
    measured = testing.histograms()
    figure = plots.weights_of_stages(measured)
    self.assertLen(figure.axes, 2)
    spikes = figure.axes[0].lines[0]
    self.assertSequenceAlmostEqual(
        spikes.get_xdata()[[0, 1, 3]], [-0.5, -0.5, 0.5]
    )
    self.assertSequenceAlmostEqual(spikes.get_ydata()[[1, 4]], [1, 6])
    first = figures.svg(figure)
    self.assertEqual(first, figures.svg(plots.weights_of_stages(measured)))
    self.assertIn('layer: 21.4 % zeros', first)


if __name__ == '__main__':
  absltest.main()
