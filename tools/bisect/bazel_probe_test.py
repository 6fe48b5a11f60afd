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

"""Tests what is read from that which tests and Bazel leave."""

import contextlib
import dataclasses
import io
import json
import os
import pathlib
import subprocess
import sys
import textwrap
from typing import Any
from unittest import mock
import zipfile

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tfmot_contrib.convergence import record
from tools.bisect import axes
from tools.bisect import bazel_probe
from tools.bisect import probe as probes
from tools.env import bootstrap
from tools.suite import bazel_testing
from tools.suite import draw
from tools.suite import make

_TEST = """
from absl.testing import absltest
class NetTest(absltest.TestCase):
  def test_wrong(self):
    self.assertEqual(1, 2)
  def test_raises(self):
    raise KeyError('x')
  def test_passes(self):
    pass
absltest.main()
"""
# As Bazel writes it for a test that left none.
_OF_BAZEL = """
<testsuites><testsuite name="a/b" tests="1" failures="0" errors="1">
<testcase name="a/b" status="run" duration="1" time="1">
<error message="exited with error code 1"></error></testcase>
</testsuite></testsuites>
"""
# Leaves the build events of its first, second … run, and ends with a code.
_BAZEL = """\
#!{python}
import pathlib, sys
ran = len(list(pathlib.Path().glob('ran*')))
pathlib.Path(f'ran{{ran}}').touch()
event = [x for x in sys.argv if x.startswith('--build_event_json_file=')][0]
text = pathlib.Path(f'events{{ran}}').read_text()
pathlib.Path(event.partition('=')[2]).write_text(text)
sys.exit({code})
"""


def _probe(target: str, bazel: draw.Bazel) -> bazel_probe.BazelProbe:
  """Returns a probe that makes no copy of the project."""
  return bazel_probe.BazelProbe(target, bazel, contextlib.ExitStack())


class TestedTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    self.left = self.root / 'bazel-testlogs/a/b'
    self.left.mkdir(parents=True)

  def events(self, number: int, *events: tuple[str, Any, dict[str, Any]]):
    """Leaves the events of a run of Bazel."""
    ended = ('buildFinished', {}, {'finished': {}})
    lines = [json.dumps({'id': {k: i}, **e}) for k, i, e in (*events, ended)]
    (self.root / f'events{number}').write_text('\n'.join(lines))

  def end(self, number: int, status: str):
    """Leaves the events of a run in which the test ended with a status."""
    names = ('test.log', 'test.outputs__outputs.zip')
    files = [
        {'name': name, 'uri': (self.left / name).as_uri()}
        for name in names
        if (self.left / name).exists()
    ]
    key, summary = {'label': '//a:b'}, {'overallStatus': status}
    self.events(
        number,
        ('testResult', key, {'testResult': {'testActionOutput': files}}),
        ('testSummary', key, {'testSummary': summary}),
    )

  def ask(self, code=3) -> dict[str, Any]:
    """Returns what is said of the test."""
    program = self.root / 'bazel'
    program.write_text(_BAZEL.format(python=sys.executable, code=code))
    program.chmod(0o755)
    bazel = draw.Bazel(str(program), self.root)
    return bazel_probe.tested(bazel, '//a:b', [])

  def test_cases(self):
    script = self.root / 'net_test.py'
    script.write_text(textwrap.dedent(_TEST))
    path = self.left / 'shard_1_of_1/test.xml'
    path.parent.mkdir()
    subprocess.run(
        [sys.executable, script],
        check=False,
        capture_output=True,
        env={**os.environ, 'XML_OUTPUT_FILE': str(path)},
    )
    self.end(0, 'FAILED')
    self.assertEqual(
        self.ask()['failures'],
        (
            'NetTest.test_raises: KeyError',
            'NetTest.test_wrong: AssertionError',
        ),
    )

  def test_claims(self):
    claims = [
        {'claim': 'drop', 'measured': 6.5, 'good': False},
        {'claim': 'size', 'measured': 0.25, 'good': True},
    ]
    rest = {'verdict': '', 'bound': ''}
    with zipfile.ZipFile(
        self.left / 'test.outputs__outputs.zip', 'w'
    ) as archive:
      verdicts = json.dumps([claim | rest for claim in claims])
      archive.writestr('verdict.json', verdicts)
    self.end(0, 'FAILED')
    found = self.ask()
    self.assertEqual(found['failures'], ('drop',))
    self.assertEqual(found['metrics'], {'drop': 6.5, 'size': 0.25})

  @parameterized.product(
      (
          {'log': 'Traceback …\nImportError: no net\n', 'name': 'ImportError'},
          {'log': 'tf.errors.ResourceError: x\n', 'name': 'ResourceError'},
          {'log': 'Killed\n', 'name': 'failed'},
      ),
      junit=('', _OF_BAZEL),
  )
  def test_that_names_no_case(self, log, name, junit):
    (self.left / 'test.xml').write_text(junit)
    (self.left / 'test.log').write_text(log)
    self.end(0, 'FAILED')
    self.assertEqual(self.ask()['failures'], (f'run: {name}',))

  def test_no_junit_file(self):
    (self.left / 'test.xml').write_text('<test')
    self.end(0, 'FAILED')
    with self.assertRaisesRegex(probes.BrokenError, 'is no JUnit file'):
      self.ask()

  @parameterized.parameters(
      (['PASSED'], ()),
      (['TIMEOUT', 'PASSED'], ()),
      (['TIMEOUT', 'TIMEOUT'], ('run: timed out',)),
  )
  def test_killed_for_its_time(self, statuses, failures):
    for number, status in enumerate(statuses):
      self.end(number, status)
    self.assertEqual(self.ask()['failures'], failures)
    self.assertLen(list(self.root.glob('ran*')), len(statuses))

  def test_not_built(self):
    key = {'label': '//a:b'}
    kind = {'configured': {'targetKind': 'py_test rule'}}
    aborted = {'aborted': {'description': 'x\nImportError: no net'}}
    self.events(
        0,
        ('targetConfigured', key, kind),
        ('targetCompleted', key, aborted),
    )
    (self.left / 'test.xml').write_text('<old')  # Of a run before.
    self.assertEqual(self.ask(1)['failures'], ('run: ImportError',))

  def test_not_loaded(self):
    pattern = {'pattern': ['//a:b']}
    self.events(0, ('pattern', pattern, {'aborted': {'reason': 'x'}}))
    self.assertEqual(self.ask(1)['failures'], ('run: failed',))

  def test_a_crash_of_bazel_is_no_failure(self):
    self.events(0)
    with self.assertRaisesRegex(probes.BrokenError, r'\(exit 37\)'):
      self.ask(37)


class BazelProbeTest(parameterized.TestCase):

  @parameterized.parameters('', 'a:b', '//a/...', '//a', '//a:b //a:c')
  def test_no_test(self, target):
    program = self.create_tempfile(
        'bazel', '#!/bin/sh\necho //a:a //a:b //a:c\n'
    ).full_path
    os.chmod(program, 0o755)
    with self.assertRaisesRegex(errors.InputError, 'is no label of one test'):
      _probe(target, draw.Bazel(program, pathlib.Path()))

  def test_bazel_takes_the_versions_of_a_combination(self):
    settings = {'tensorflow': '2.20.0', 'tfmot': '0.8.0'}
    root = pathlib.Path(self.create_tempdir().full_path)
    program = bazel_testing.project(root, [0.5])
    probe = _probe(bazel_testing.LABEL, draw.Bazel(program, root))
    with mock.patch.object(probes, 'settings', return_value=settings):
      with mock.patch.object(bazel_probe.environment, 'make') as make_one:
        called = probe._with({axes.MIRROR: axes.HERE})
    make_one.assert_called_once_with(settings)
    self.assertEqual(
        called.options,
        (
            '--repo_env=TENSORFLOW=2.20.0',
            '--repo_env=TFMOT=0.8.0',
            '--repo_env=TFMOT_CLASHES=ignore',
        ),
    )


class SeedsTest(absltest.TestCase):
  """Of a convergence test, which is trained by another seed."""

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    drops = [0.5, 0.6, 0.4, 0.5, 0.55, 0.45, 0.5, 0.5]
    program = bazel_testing.project(self.root, drops)
    with mock.patch.object(bootstrap, 'bazel', return_value=program):
      with contextlib.redirect_stdout(io.StringIO()):
        make.main(['--seeds=8', '--who=a test'], self.root)
    self.bazel = draw.Bazel(program, self.root)
    self.enterContext(
        mock.patch.object(
            bazel_probe.BazelProbe, '_with', return_value=self.bazel
        )
    )

  def run_second(self):
    """Returns what fails with the second seed."""
    label = bazel_testing.LABEL
    probe = _probe(label, self.bazel)
    return probe.run({axes.TFMOT: '1', axes.TENSORFLOW: '2'}, 2)['failures']

  def test_as_many_seeds_as_its_tier_has(self):
    probe = _probe(bazel_testing.LABEL, self.bazel)
    self.assertEqual(probe.seeds, draw.MOST_SEEDS['cpu'])

  def test_judged_by_references_or_by_its_bound(self):
    bazel_testing.records(self.root, [0.5, 1.9], weights='de')
    self.assertEqual(self.run_second(), ('accuracy_drop',))
    for path in self.root.glob('bazel-bin/tfmot_contrib/*/*.json'):
      versions = {**record.read(path).versions, 'tensorflow': '2.99.0'}
      other = dataclasses.replace(record.read(path), versions=versions)
      record.write(other, path)
    self.assertEqual(self.run_second(), ())

  def build_ends_with(self, code: int):
    """Lets Bazel end each build with a code."""
    with open(self.bazel.program, 'a', encoding='utf-8') as program:
      print(f"if sys.argv[1] == 'build': sys.exit({code})", file=program)

  def test_a_build_that_fails(self):
    self.build_ends_with(1)
    self.assertEqual(self.run_second(), ('run: failed',))

  def test_a_crash_of_bazel_is_no_failure(self):
    self.build_ends_with(37)
    with self.assertRaisesRegex(probes.BrokenError, '^bazel exit 37: '):
      self.run_second()


if __name__ == '__main__':
  absltest.main()
