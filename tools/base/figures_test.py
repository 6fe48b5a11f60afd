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

"""Tests that the same data give the same SVG."""

from absl.testing import absltest

from tools.base import figures


class FiguresTest(absltest.TestCase):

  def test_svg_is_the_same_to_the_byte(self):
    texts = []
    for _ in range(2):
      figure, axes = figures.new((2.0, 1.0), nrows=1, ncols=2)
      axes[0, 1].plot([1, 2], [3, 4], 'o', label='some')
      texts.append(figures.svg(figure))
    self.assertEqual(texts[0], texts[1])
    self.assertNotRegex(texts[0], r'(?m) $')
    self.assertNotIn('<dc:date>', texts[0])


if __name__ == '__main__':
  absltest.main()
