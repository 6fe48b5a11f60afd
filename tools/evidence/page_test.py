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

"""Tests of the report page on a small project."""

import contextlib
import html.parser
import io
import json
import pathlib
from unittest import mock

from absl.testing import absltest

from tools.env import bootstrap
from tools.evidence import nights
from tools.evidence import page
from tools.evidence import rows
from tools.evidence import testing


class _Elements(html.parser.HTMLParser):
  """Collects what a page is made of, and whether its elements are closed."""

  _EMPTY = ('meta', 'img', 'br')

  def __init__(self, text: str):
    super().__init__()
    self.open, self.images, self.links, self.words = [], [], [], []
    self.feed(text)

  def handle_starttag(self, tag, attrs):
    attrs = dict(attrs)
    if tag == 'img':
      self.images.append(attrs['src'])
    if tag == 'a':
      self.links.append(attrs['href'])
    if tag not in self._EMPTY:
      self.open.append(tag)

  def handle_endtag(self, tag):
    assert self.open.pop() == tag, tag

  def handle_data(self, data):
    self.words.append(data)


class PageTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    testing.project(self.root)

  def make(self) -> _Elements:
    """Makes the page and reads it."""
    page.main([], self.root)
    path = self.root / 'report/index.html'
    return _Elements(path.read_text(encoding='utf-8'))

  def test_needs_nothing_else(self):
    elements = self.make()
    self.assertEmpty(elements.open)
    self.assertNotEmpty(elements.images)
    for image in elements.images:
      self.assertStartsWith(image, 'data:image/svg+xml;base64,')
    self.assertEqual(elements.links, [testing.KNOWN])

  def test_tells_every_row_and_verdict(self):
    text = ' '.join(self.make().words)
    self.assertIn('All 4 rows are good.', text)
    for word in ('half', 'all', 'float', 'known failure', 'pass', 'CONV_2D'):
      self.assertIn(word, text)

  def test_what_is_bad_is_open(self):
    techniques = rows.load(self.root)
    row = techniques[1].judged[0]
    with mock.patch.object(type(row.verdicts[0]), 'good', False):
      text = page.page(techniques, [])
    self.assertIn('4 of 4 rows are not good', text)
    self.assertIn(f'<details id="{row.test}" open>', text)

  def test_text_is_escaped(self):
    techniques = rows.load(self.root)
    run = techniques[1].judged[0].run
    run.versions['<script>'] = '"1"'
    text = page.page([techniques[1]], [])
    self.assertNotIn('<script>', text)

  def test_summary_begins_with_what_is_not_good(self):
    techniques = rows.load(self.root)
    row = techniques[1].judged[0]
    with mock.patch.object(type(row.verdicts[0]), 'good', False):
      text = page.summary(techniques)
    self.assertIn('4 rows on all models', text)
    self.assertStartsWith(text, 'Not good:\n\n* `')
    self.assertIn(f'* `{row.test}`: {row.verdicts[0].claim.id} is', text)

  def test_operators_beside_those_of_the_baseline(self):
    techniques = rows.load(self.root)
    row = techniques[1].judged[0]
    kind = row.deployed.kind
    row.run.exported[kind]['operators'] = {'ADD': {'total': 7, 'integer': 5}}
    text = page.page(techniques, [])
    self.assertIn('<td>ADD</td><td>0</td><td>7</td><td>5</td>', text)
    self.assertRegex(text, r'<td>CONV_2D</td><td>\d</td><td>0</td><td>0</td>')

  def test_what_was_signed_over_versions(self):
    text = page._signed(bootstrap.ROOT)
    for version in ('0.8.0', '0.8.1'):
      self.assertIn(f'<td>{version}</td>', text)
    self.assertRegex(text, r'<td>-?\d+\.\d\d</td><td>all \d+ good</td>')
    self.assertEmpty(page._signed(self.root))

  def test_nights(self):
    self.assertEmpty(page._nights(self.root))
    night = {**testing.NIGHT, 'tests': {'//a': 'FAILED', '//b': 'PASSED'}}
    lines = [night, {**night, 'date': '2026-11-29', 'green': False}]
    text = '\n'.join(map(json.dumps, lines))
    (self.root / nights.HISTORY).write_text(text, encoding='utf-8')
    text = ' '.join(self.make().words)
    rest = 'nightly tf-nightly 2.23.0 1 of 2 tests pass'
    self.assertIn(f'2026-11-29 {rest} red 2026-11-28 {rest} green', text)

  def test_output_that_is_a_file(self):
    path = self.root / 'taken'
    path.write_text('mine', encoding='utf-8')
    for place in (path, path / 'below'):
      said = io.StringIO()
      with contextlib.redirect_stderr(said), self.assertRaises(SystemExit):
        page.main([f'--output={place}'], self.root)
      self.assertIn(f'cannot write {place}', said.getvalue())
    self.assertEqual(path.read_text(encoding='utf-8'), 'mine')

  def test_no_evidence(self):
    for path in self.root.glob('tfmot_contrib/*/evidence/*.json'):
      path.unlink()
    with self.assertRaises(SystemExit) as caught:
      page.main([], self.root)
    self.assertEqual(caught.exception.code, 2)
    self.assertFalse((self.root / 'report').exists())


if __name__ == '__main__':
  absltest.main()
