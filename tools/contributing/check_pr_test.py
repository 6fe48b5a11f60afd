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

"""Tests that the approvals of a pull request are in order and filled."""

import contextlib
import io
import pathlib
import re

from absl.testing import absltest
from absl.testing import parameterized
import yaml

from tfmot_contrib import errors
from tools.contributing import check_pr

_ROOT = pathlib.Path(__file__).parents[2]
_SEE = {
    'tests': '0123abc',
    'release': '0.9.0',
    'minimum': '0.9.0',
}
_NOT = {'official_models': 'n/a: the example lives in the fork'}


def _template() -> str:
  text = (_ROOT / check_pr.TEMPLATE).read_text(encoding='utf-8')
  return text.replace('Author: @\n', 'Author: @ann\n')


def _tick(text: str, name: str, said: str | None = None) -> str:
  """Ticks a box and fills it."""
  said = (
      said
      or _NOT.get(name)
      or (f'By: @bob See: {_SEE.get(name, "https://example.org/1")}')
  )
  before = rf'\[ \] (\*\*{name}\*\*(?:.*\n)+?)  By: See:'
  new, count = re.subn(before, rf'[x] \1  {said}', text, count=1)
  assert count == 1, name
  return new


def _ticked(*names: str) -> str:
  text = _template()
  for name in names:
    text = _tick(text, name)
  return text


_ALL = [box.id for box in check_pr.BOXES]


class ApprovalsTest(parameterized.TestCase):

  def test_template_has_the_boxes_in_order(self):
    self.assertEqual([b.id for b in check_pr.boxes(_template())], _ALL)
    self.assertEqual(check_pr.problems(_template()), [])

  @parameterized.parameters(range(len(_ALL) + 1))
  def test_ticked_in_order(self, count):
    text = _ticked(*_ALL[:count])
    self.assertEqual(check_pr.problems(text), [])
    self.assertEqual(check_pr.left(text), _ALL[count:])

  def test_template_as_it_is(self):
    text = (_ROOT / check_pr.TEMPLATE).read_text(encoding='utf-8')
    self.assertRegex(check_pr.problems(text)[0], 'say who asks')

  @parameterized.parameters(
      (_ticked('tests'), 'tests: ticked before rfc'),
      (_ticked('rfc', 'tests', 'reproduced'), 'reproduced: ticked before res'),
      (_ticked(*_ALL[1:]), 'ticked before rfc'),
      (_tick(_template(), 'rfc', 'By: See:'), 'rfc: ticked, but by nobody'),
      (_tick(_template(), 'rfc', 'By: @bob'), 'rfc: ticked without the URL'),
      (_tick(_template(), 'rfc', 'By: bob See: https://e.org'), 'by nobody'),
      (
          _tick(_template(), 'rfc', 'By: @bob See: later'),
          'later is not the URL',
      ),
      (
          _tick(
              _ticked(*_ALL[:3]), 'reproduced', 'By: @Ann See: https://e.org'
          ),
          '@ann is the author',
      ),
      (
          _tick(_ticked(*_ALL[:5]), 'release', 'By: @bob See: https://e.org'),
          'is not the version',
      ),
      (
          _tick(_ticked(*_ALL[:3]), 'reproduced', 'n/a: it is clear enough'),
          'reproduced: n/a is no answer for a technique',
      ),
      (
          _tick(_ticked(*_ALL[:4]), 'official_models', 'n/a:'),
          'say why it does not apply',
      ),
      (_template().replace('**tests**', '**test**'), 'box tests is missing'),
      (_template().replace('**tests**', '**rfc**'), 'box rfc is there twice'),
      (_template() + '- [ ] **more**: x\n', 'no box more'),
      (
          _template()
          .replace('**rfc**', '**x**')
          .replace('**tests**', '**rfc**')
          .replace('**x**', '**tests**'),
          'box tests is not at its place',
      ),
      (_template().replace('- [ ] **rfc**', '- [?] **rfc**'), 'neither'),
      (_template().replace('Kind: technique', 'Kind: idea'), 'say what it is'),
      (_template().replace('- [ ]', 'o'), 'box rfc is missing'),
      ('', 'say what it is'),
  )
  def test_refused(self, text, why):
    self.assertRegex('\n'.join(check_pr.problems(text)), why)

  def test_change_needs_tests_and_review_only(self):
    text = _template().replace('Kind: technique', 'Kind: change')
    for name in _ALL:
      said = None
      if name not in ('tests', 'final'):
        said = 'n/a: no technique is touched'
      text = _tick(text, name, said)
    self.assertEqual(check_pr.problems(text), [])
    self.assertEqual(check_pr.left(text), [])

  def test_comment_is_no_box(self):
    text = _template() + '<!--\n- [x] **rfc**: as an example\n-->\n'
    self.assertEqual(check_pr.problems(text), [])

  def test_command(self):
    path = pathlib.Path(self.create_tempdir().full_path) / 'pr.md'
    for text, flags, code, said in (
        (_ticked('rfc'), [], 0, 'next: tests, results'),
        (_ticked('rfc'), ['--complete'], 1, 'left: tests, results'),
        (_ticked(*_ALL), ['--complete'], 0, 'all approvals are there'),
        (_ticked('tests'), [], 1, 'ticked before rfc'),
    ):
      path.write_text(text, encoding='utf-8')
      out = io.StringIO()
      with contextlib.redirect_stdout(out):
        self.assertEqual(check_pr.main([str(path), *flags]), code)
      self.assertIn(said, out.getvalue())

  def test_no_file(self):
    with self.assertRaisesRegex(errors.InputError, "'no.md' is no text file"):
      check_pr.read('no.md')


class FormsTest(absltest.TestCase):

  def test_labels_of_the_issue_forms_exist(self):
    github = _ROOT / '.github'
    text = (github / 'labels.yml').read_text(encoding='utf-8')
    known = [label['name'] for label in yaml.safe_load(text)]
    self.assertLen(set(known), len(known))
    forms = sorted((github / 'ISSUE_TEMPLATE').glob('*.yml'))
    self.assertLen(forms, 3)
    for form in forms:
      read = yaml.safe_load(form.read_text(encoding='utf-8'))
      self.assertLessEqual(set(read.get('labels', [])), set(known), form.name)
      ids = [part.get('id') for part in read.get('body', []) if 'id' in part]
      self.assertLen(set(ids), len(ids), form.name)


if __name__ == '__main__':
  absltest.main()
