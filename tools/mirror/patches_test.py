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

"""Tests the text of patches, and that they apply exactly or not at all."""

import pathlib
import tempfile

from absl.testing import absltest
from absl.testing import parameterized
import hypothesis
from hypothesis import strategies as st

from tfmot_contrib import errors
from tools.env import bootstrap
from tools.mirror import patches
from tools.mirror import testing

_SETTINGS = hypothesis.settings(
    deadline=None, derandomize=True, database=None, max_examples=100
)
_TEXT = b"""\
From: A. Uthor <a.uthor@x.example>
Subject: vision: do it
Reason: temporary
Upstream: tensorflow/models#12

Why it is

  needed.

---
""" + testing.EDIT
_BODY = st.text('ab.#:-> \n\t\r\0é中\x85\u2028\ud800', max_size=30) | st.lists(
    st.sampled_from(
        ['', ' x', '#', '--', '-- ', ' ---', 'Reason: x', 'From: x', '+++ b/x']
    ),
    max_size=5,
).map('\n'.join)


class TextTest(parameterized.TestCase):

  def test_parts(self):
    patch = patches.parse(testing.PATCH.name, _TEXT)
    self.assertEqual(patch, testing.PATCH)
    self.assertEqual(patches.format_patch(patch), _TEXT)
    self.assertEqual(patch.number, 1)

  def test_no_body(self):
    text = _TEXT.replace(b'\nWhy it is\n\n  needed.\n', b'')
    patch = patches.parse(testing.PATCH.name, text)
    self.assertEqual(patch, testing.PATCH._replace(body=''))
    self.assertEqual(patches.format_patch(patch), text)

  @_SETTINGS
  @hypothesis.given(
      st.sampled_from(['A', 'A. B', 'Ünï Cödé', "O'Brien, Jr", '-']),
      st.sampled_from(['a', '---', 'From: x', 'é 中', 'diff --git a/x']),
      st.sampled_from(sorted(patches.REASONS)),
      st.sampled_from(
          [patches.NOT_REPORTED, 'a/b#1', 'https://x.example/é?a#b']
      ),
      _BODY,
      st.binary(max_size=20),
  )
  def test_round_trip(self, name, subject, reason, upstream, body, diff):
    body = patches.tidy_body(body)
    self.assertEqual(patches.tidy_body(body), body)
    patch = patches.Patch(
        '0012-x.patch',
        f'{name} <x@y.example>',
        subject,
        reason,
        upstream,
        body,
        b'diff --git ' + diff,
    )
    patches.check(patch)
    text = patches.format_patch(patch)
    self.assertEqual(patches.parse(patch.name, text), patch)

  def test_series_of_the_fork(self):
    official = bootstrap.ROOT / 'official'
    series = patches.load(official)
    self.assertNotEmpty(series)
    for patch in series:
      path = official / 'patches' / patch.name
      self.assertEqual(patches.format_patch(patch), path.read_bytes())
      names = patches.files(patch)
      self.assertNotEmpty(names)
      self.assertEqual({name.split('/')[0] for name in names}, {'official'})

  @parameterized.parameters(
      '1-a.patch',
      '00001-a.patch',
      '0001-.patch',
      '0001-a-.patch',
      '0001-a--b.patch',
      '0001-A.patch',
      '0001-é.patch',
      '0001-a b.patch',
      '0001_a.patch',
      '0001-a.diff',
      '0001-a.patch.orig',
      '0001-a/../b.patch',
      '../0001-a.patch',
      '٠٠٠١-a.patch',
      '',
  )
  def test_bad_file_name_is_refused(self, name):
    with self.assertRaisesRegex(errors.InputError, 'is named like 0001-short'):
      patches.parse(name, _TEXT)

  @parameterized.named_parameters(
      ('empty', _TEXT, '', 'line ---, and then a diff'),
      ('no_diff', testing.EDIT, '', 'line ---, and then a diff'),
      ('no_line', '\n---\n', '\n', 'line ---, and then a diff'),
      ('plain_diff', 'diff --git', 'diff -u', 'line ---, and then a diff'),
      ('crlf', '\n', '\r\n', 'line ---, and then a diff'),
      (
          'merge_marks',
          'From:',
          '<<<<<<< ours\nFrom:',
          'line 1 has to be "From:',
      ),
      ('bom', 'From', '\ufeffFrom', 'line 1 has to be "From:'),
      ('utf_8', 'Uthor', b'\xff', 'header is no UTF-8'),
      ('mbox', 'From: ', 'From 1234\nFrom: ', 'line 1 has to be "From:'),
      ('no_from', 'From', 'To', 'line 1 has to be "From: …"'),
      ('no_subject', 'Subject: ', 'Subject:', 'line 2 has to be "Subject: …"'),
      ('no_reason', 'Reason: temporary\n', '', 'line 3 has to be "Reason: …"'),
      ('no_upstream', 'Upstream', 'upstream', 'line 4 has to be "Upstream: …"'),
      ('author_address', '<a.uthor@x.example>', '', 'From is no'),
      ('author_name', 'A. Uthor <', '<', 'From is no'),
      ('author_spaces', 'A. Uthor <', ' A. Uthor <', 'From is no'),
      ('author_space', 'A. Uthor <', 'A. Uthor  <', 'From is no'),
      ('author_twice', '.example>', '.example> <b@c>', 'From is no'),
      ('author_at', 'a.uthor@x', 'a.uthor', 'From is no'),
      ('author_nul', 'A. Uthor', 'A.\0Uthor', 'From is no'),
      ('author_control', 'a.uthor@', 'a\x1b@', 'From is no'),
      ('subject_empty', 'vision: do it', ' ', 'Subject is not one line'),
      ('subject_control', 'do it', 'do\x1bit', 'Subject is not one line'),
      ('reason', 'temporary', 'because', "Reason is 'because', not one of"),
      ('reason_case', 'temporary', 'Temporary', "Reason is 'Temporary'"),
      ('upstream', 'tensorflow/models#12', 'reported', 'Upstream is no link'),
      ('upstream_text', 'tensorflow/', 'see tensorflow/', 'is no link'),
      ('upstream_number', 'tensorflow/models#12', '#12', 'Upstream is no link'),
      (
          'upstream_ftp',
          'tensorflow/models#12',
          'ftp://x',
          'Upstream is no link',
      ),
      ('upstream_nul', 'models#12', 'models#12\0', 'Upstream is no link'),
      (
          'upstream_url',
          'tensorflow/models#12',
          'https://\x1b',
          'Upstream is no',
      ),
      ('body_space', 'Why it is\n', 'Why it is \n', 'spaces at its ends'),
      ('body_tab', 'Why', '\tWhy', 'control characters'),
      ('body_nul', 'Why', '\0Why', 'control characters'),
      ('body_lines', 'is\n\n', 'is\n\n\n', 'spaces at its ends'),
      ('body_diff', 'Why', 'diff --git a/x b/x', 'line that begins a diff'),
      ('body_end', 'needed.\n\n', 'needed.\n', 'an empty line has to stand'),
      ('no_empty_line', '#12\n\n', '#12\n', 'an empty line has to stand'),
      ('more_fields', '#12\n', '#12\nCc: x\n', 'an empty line has to stand'),
  )
  def test_bad_text_is_refused(self, old, new, why):
    old, new = (
        part if isinstance(part, bytes) else part.encode()
        for part in (old, new)
    )
    self.assertIn(old, _TEXT)
    with self.assertRaisesRegex(errors.InputError, why) as caught:
      patches.parse(testing.PATCH.name, _TEXT.replace(old, new))
    told = str(caught.exception)
    self.assertStartsWith(told, '0001-a-b.patch: ')
    self.assertTrue(told.isprintable(), told)

  def test_header_that_ends_early_is_refused(self):
    with self.assertRaisesRegex(errors.InputError, 'line 2 has to be'):
      patches.parse(testing.PATCH.name, b'From: A <a@b>\n---\n' + testing.EDIT)

  @parameterized.parameters(
      '---', 'a\n---\nb', 'diff --git a/x b/x', ' a\n\nb '
  )
  def test_text_that_would_not_be_read_again_is_refused(self, body):
    with self.assertRaisesRegex(errors.InputError, 'a line that begins a diff'):
      patches.check(testing.PATCH._replace(body=body))

  @parameterized.parameters(
      ('\n\n a \n\n\n\nb\n', ' a\n\nb'),
      ('a\tb\r\nc\0d\x85', 'a b\nc d'),
      ('\ud800é', ' é'),
      (' \n ', ''),
  )
  def test_tidy_body(self, text, expected):
    self.assertEqual(patches.tidy_body(text), expected)

  def test_files(self):
    diff = (
        'diff --git a/official/mode b/official/mode\nold mode 100644\n'
        'new mode 100755\n'
        'diff --git a/official/a b c.py b/official/a b c.py\n'
        '--- a/official/a b c.py\t\n+++ b/official/a b c.py\t\n@@ -1 +1 @@\n'
        '-x\n+y\n'
        'diff --git a/official/old é b/official/new 中\n'
        'similarity index 100%\nrename from official/old é\n'
        'rename to official/new 中\n'
        'diff --git a/official/one b/orbit/two\nsimilarity index 90%\n'
        'copy from official/one\ncopy to orbit/two\n'
        '--- a/official/one\n+++ b/orbit/two\n@@ -1 +1 @@\n-x\n+y\n'
        'diff --git a/official/from b/official/to\nsimilarity index 100%\n'
        'copy from official/from\ncopy to official/to\n'
        '--- a/official/minus\t\n+++ b/official/plus\t\n@@ -1 +1 @@\n'
        'diff --git a/official/bin b/official/bin\n'
        'GIT binary patch\nliteral 0\nHcmV?d00001\n'
    )
    expected = 'mode|a b c.py|old é|new 中|one|bin|from|to|minus|plus'.split(
        '|'
    )
    self.assertEqual(
        patches.files(testing.patch_of(diff.encode())),
        sorted(['orbit/two', *(f'official/{name}' for name in expected)]),
    )
    self.assertEqual(
        patches.files(testing.patch_of(testing.new_file('official/x'))),
        ['official/x'],
    )

  @parameterized.parameters(
      ('vision: do IT, now!', 'vision-do-it-now'),
      ('é', 'patch'),
      ('', 'patch'),
      ('../../x.y', 'x-y'),
      ('a' * 99, 'a' * 48),
      ('a' * 47 + ' b', 'a' * 47),
      ('-–-x', 'x'),
  )
  def test_slug(self, subject, expected):
    self.assertEqual(patches.slug(subject), expected)

  @_SETTINGS
  @hypothesis.given(st.text(max_size=60), st.integers(0, 9998))
  def test_next_name_is_a_good_name(self, subject, last):
    series = (
        [testing.patch_of(b'', number) for number in (1, last, 2)]
        if last
        else []
    )
    name = patches.next_name(series, subject)
    patches.check(testing.PATCH._replace(name=name))
    self.assertEqual(int(name[:4]), max(last, 2) + 1 if last else 1)


class LoadTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    scratch = tempfile.TemporaryDirectory()
    self.addCleanup(scratch.cleanup)
    self.official = pathlib.Path(scratch.name)

  def write(self, *names):
    (self.official / 'patches').mkdir(exist_ok=True)
    for name in names:
      (self.official / 'patches' / name).write_bytes(_TEXT)

  def test_order(self):
    self.assertEqual(patches.load(self.official), [])
    self.write('0010-a.patch', '0002-b.patch', '0001-c.patch')
    numbers = [patch.number for patch in patches.load(self.official)]
    self.assertEqual(numbers, [1, 2, 10])

  def test_number_that_is_there_twice(self):
    self.write('0001-a.patch', '0002-a.patch', '0002-b.patch')
    with self.assertRaisesRegex(
        errors.InputError, '0002-a.patch and 0002-b.patch have one number'
    ):
      patches.load(self.official)

  def test_what_is_no_patch(self):
    self.write('README.md')
    with self.assertRaisesRegex(
        errors.InputError, 'README.md: a patch is named'
    ):
      patches.load(self.official)

  def test_folder(self):
    (self.official / 'patches/0001-a.patch').mkdir(parents=True)
    with self.assertRaisesRegex(errors.InputError, 'cannot read 0001-a.patch'):
      patches.load(self.official)


if __name__ == '__main__':
  absltest.main()
