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

"""Tests of the report and of its renderings."""

import json

from absl.testing import absltest
from absl.testing import parameterized

from tools.lint import tree
from tools.lint.rules import text as texts
from tools.sync.impact import api
from tools.sync.impact import dependencies
from tools.sync.impact import files
from tools.sync.impact import licences
from tools.sync.impact import probe
from tools.sync.impact import report as report_lib
from tools.sync.impact import stale

_OLD = report_lib.Identity('tf-models-official', '2.19.1', {'wheel': 'a.whl'})
_NEW = report_lib.Identity('tf-models-official', '2.20.0', {'wheel': 'b.whl'})
_TRIVIAL = tuple(f'official/trivial_{i}.py' for i in range(1216))
_FULL = report_lib.Report(
    old=_OLD,
    new=_NEW,
    patches=(
        report_lib.Verdict('0001-a.patch', 'a | b', 'clean'),
        report_lib.Verdict('0002-b.patch', 'b', 'absorbed', 'upstream has it'),
    ),
    log=(report_lib.Commit('1' * 40, 'Jo', '2026-01-02T03:04:05Z', 'Fix <x>'),),
    files=files.FileChanges(
        added=('official/b.py',),
        changed=('official/a.py',),
        trivial=_TRIVIAL,
    ),
    api=(
        api.Change(
            True,
            'official.a.f',
            'parameter removed',
            'x',
            (
                api.Site('tfmot_contrib/a.py', 3, '//tfmot_contrib:a', 'calls'),
                api.Site('tools/b/c.py', 4, '//tools/b:c', 'passes x'),
            ),
        ),
    ),
    stale=(
        stale.Stale('//tfmot_contrib/a:x', ('official/a.py',)),
        stale.Stale('//tfmot_contrib/a:y', ('official/a.py',)),
    ),
    runs=3,
    probe=(
        probe.Result('resnet', largest=dict.fromkeys(probe.PARTS, 0.0)),
        probe.Result(
            'mobilenet', largest={'logits': 0.25, 'loss': float('inf')}
        ),
        probe.Result('vit', new_error='ValueError: no'),
    ),
    dependencies=dependencies.Dependencies(
        True,
        (
            dependencies.Need(
                'tensorflow',
                '~=2.19.0',
                '~=2.21.0',
                'NOT satisfied: our lock has 2.20.0',
                False,
            ),
        ),
        (dependencies.Need('six', '<1|2', '<1|2', 'NOT satisfied', False),),
        (dependencies.NewImport('wrapt', 'official/a.py', False),),
    ),
    licences=licences.Licences({'Apache-2.0': 1216}, {'The Authors': 1216}),
)
_QUIET = report_lib.Report(
    old=_OLD,
    new=_NEW,
    files=files.FileChanges(trivial=_TRIVIAL),
    runs=3,
    why_no_probe='nothing changed',
    dependencies=dependencies.Dependencies(True),
    licences=licences.Licences({'Apache-2.0': 1216}, {'The Authors': 1216}),
)
_FIRST = report_lib.Report(new=_NEW, why_no_probe='there is no old mirror')
_COMMIT = _FULL.__class__(
    old=_OLD,
    new=report_lib.Identity('models', 'main', {'commit': 'abcdef' * 7}),
)


_LONG = report_lib.Report(
    old=report_lib.Identity('models', 'a-branch-' * 5),
    new=report_lib.Identity('models', 'of-some-length-' * 5),
)
_REPORTS = (
    ('full', _FULL),
    ('quiet', _QUIET),
    ('first', _FIRST),
    ('commit', _COMMIT),
    ('long', _LONG),
)


class QualifyTest(parameterized.TestCase):

  @parameterized.parameters(
      ('Fix #12', 'Fix tensorflow/models#12'),
      (
          '#1, #2 (#3)',
          'tensorflow/models#1, tensorflow/models#2 (tensorflow/models#3)',
      ),
      ('keras-team/keras#12', 'keras-team/keras#12'),
      ('models#12', 'models#12'),
      ('see x.org/#12 and page.html#12', 'see x.org/#12 and page.html#12'),
      ('&#39;', '&#39;'),
      ('C#, #x and # 1', 'C#, #x and # 1'),
      ('##1', '##1'),
      ('#1st', '#1st'),
  )
  def test_qualify(self, text, expected):
    self.assertEqual(report_lib.qualify(text, 'tensorflow/models'), expected)


class TerminalTest(absltest.TestCase):

  def test_full(self):
    text = _FULL.terminal()
    self.assertContainsInOrder(
        [
            'Official Models 2.19.1 -> 2.20.0\n',
            '1 added, 0 removed, 1 changed, 1,216 changed trivially',
            'M official/a.py',
            'A official/b.py',
            'absorbed  0002-b.patch  upstream has it',
            '1 commit\n',
            '111111111111 2026-01-02 Fix <x>',
            'BREAKS official.a.f parameter removed: x',
            'tfmot_contrib/a.py:3 calls (//tfmot_contrib:a)',
            'tools/b/c.py:4 passes x (//tools/b:c)',
            '2 of 3 convergence tests stale',
            'official/a.py',
            'resnet: identical to the last bit',
            'mobilenet: logits 0.25, loss not a number',
            'vit: fails with the new: ValueError: no',
            'tensorflow ~=2.19.0 -> ~=2.21.0: NOT satisfied',
            'official/a.py imports wrapt: NOT in the environment',
            'Apache-2.0: 1,216 files',
            'next',
            'mend what the changes of the API break',
            (
                'bazel test --test_tag_filters=-convergence //tfmot_contrib:all'
                ' //tools/b:all\n'
            ),
            'tensorflow, six, wrapt',
            'bazel test //tfmot_contrib/a:x //tfmot_contrib/a:y\n',
        ],
        text,
    )
    self.assertNotIn('trivial_', text)

  def test_quiet(self):
    text = _QUIET.terminal()
    self.assertContainsInOrder(
        [
            'nothing changed of what our code uses',
            '0 of 3 convergence tests stale',
            'not made: nothing changed',
            'as before',
            'nothing: no run is touched',
        ],
        text,
    )
    self.assertNotIn('bazel test', text)

  def test_probe_that_finds_nothing_is_said_with_the_step(self):
    test = stale.Stale('//a:b', ('official/a.py',))
    for gap, said in ((0.0, True), (1e-9, False)):
      result = probe.Result('x', largest={'logits': gap})
      report = report_lib.Report(
          old=_OLD,
          new=_NEW,
          files=files.FileChanges(),
          stale=(test,),
          probe=(result,),
      )
      self.assertEqual(
          '; the probe finds no difference' in report.terminal(), said
      )

  def test_first(self):
    self.assertContainsInOrder(
        ['Official Models 2.20.0\n', 'the first sync'], _FIRST.terminal()
    )

  def test_long_lists_are_cut(self):
    names = tuple(f'official/{i:03}.py' for i in range(300))
    site = api.Site('a.py', 1, '', 'calls')
    sites = tuple(site._replace(line=i) for i in range(30))
    report = report_lib.Report(
        old=_OLD,
        new=_NEW,
        files=files.FileChanges(added=names),
        api=(api.Change(False, 'official.x', 'removed', '', sites),),
        stale=(stale.Stale('//a:b', names),),
        log=[report_lib.Commit('1' * 40, 'a', '2026', 'b')] * 300,
    )
    text = report.terminal()
    self.assertLess(len(text.splitlines()), 70)
    self.assertContainsInOrder(
        [
            'and 280 more files',
            'and 290 more commits',
            'and 25 more places',
            'and 295 more files',
            'next       test what the changes of the API touch',
        ],
        text,
    )


class FormatsTest(parameterized.TestCase):

  @parameterized.named_parameters(*_REPORTS)
  def test_markdown_is_clean(self, report):
    text = report.markdown()
    file = tree.File('report.md', text.encode())
    self.assertEmpty(list(texts.check_whitespace(file)))
    self.assertEmpty(list(texts.check_private_name(file)))
    self.assertStartsWith(text, '# Official Models ')
    self.assertNotIn('\n\n\n', text)
    # A table has as many cells in each row as in its head.
    for line in text.splitlines():
      if line.startswith('| ---'):
        width = line.count('|')
      elif line.startswith('| 0') or line.startswith('| `'):
        self.assertEqual(line.replace('\\|', '').count('|'), width, line)

  def test_markdown_says_all(self):
    self.assertContainsInOrder(
        [
            '| old | `tf-models-official 2.19.1` | `a.whl` |',
            '* M `official/a.py`',
            '| `0001-a.patch` | a \\| b | clean | - |',
            '* `111111111111` 2026-01-02 Jo: Fix &lt;x>',
            '* **breaks** `official.a.f` parameter removed: `x`',
            '  * `tools/b/c.py:4` passes x (`//tools/b:c`)',
            'Because of `official/a.py`:',
            '* `//tfmot_contrib/a:x`',
            '| `mobilenet` | - | 0.25 | not a number | - |',
            '| `tensorflow` | `~=2.19.0` | `~=2.21.0` | NOT satisfied',
            '| `six` | `<1\\|2` | `<1\\|2` | NOT satisfied |',
            '| The Authors | 1,216 |',
            '   bazel test //tfmot_contrib/a:x //tfmot_contrib/a:y',
        ],
        _FULL.markdown(),
    )

  def test_json(self):
    text = _FULL.json()
    found = json.loads(text)
    self.assertEqual(found['schema'], report_lib.SCHEMA)
    self.assertEqual(found['files']['trivial'], 1216)
    self.assertEqual(found['files']['added'], ['official/b.py'])
    self.assertEqual(found['api'][0]['sites'][1]['line'], 4)
    self.assertEqual(found['old']['resolved'], {'wheel': 'a.whl'})
    self.assertEqual(found['probe'][1]['largest']['loss'], 'inf')
    self.assertEqual(list(found), sorted(found))
    self.assertEqual(text, json.dumps(found, indent=2, sort_keys=True) + '\n')
    self.assertIsNone(json.loads(_FIRST.json())['files'])


class DraftsTest(parameterized.TestCase):

  @parameterized.named_parameters(*_REPORTS)
  def test_commit_message_fits(self, report):
    subject, *body = report.commit_message().splitlines()
    self.assertBetween(len(subject), 1, 72)
    self.assertEqual(body[:1], [''] if body else [])
    self.assertLessEqual(max((len(line) for line in body), default=0), 72)

  @parameterized.named_parameters(*_REPORTS)
  def test_changelog_entry_fits(self, report):
    first, *others = report.changelog_entry().splitlines()
    self.assertStartsWith(first, '* ')
    self.assertTrue(all(line.startswith('  ') for line in others))
    self.assertLessEqual(max(map(len, [first, *others])), 80)

  def test_words(self):
    self.assertEqual(
        _FULL.commit_message().splitlines()[0],
        'Mirror: Official Models 2.19.1 -> 2.20.0',
    )
    self.assertContainsInOrder(
        [
            'Files: 1 added, 0 removed, 1 changed, 1,216 changed trivially',
            'Patches: 1 clean; absorbed: 0002.',
            '1 change of the API that we use, of which 1 can break',
            'difference in mobilenet, vit.',
            'Our lock does not meet: tensorflow, six.',
            '\n  M official/a.py\n  A official/b.py\n',
        ],
        _FULL.commit_message(),
    )
    self.assertEqual(
        _QUIET.changelog_entry(),
        '* The mirror is of Official Models 2.20.0, before 2.19.1: 0 files'
        ' changed in\n  substance. The API that we use is as it was. No'
        ' evidence is stale.\n',
    )
    self.assertIn(
        '2.19.1 -> abcdefabcdef', _COMMIT.commit_message().splitlines()[0]
    )


if __name__ == '__main__':
  absltest.main()
