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

"""Tests that every command of the techniques' READMEs runs as it is pasted.

Only this is changed: what they leave goes to a folder of the test, and the
configs that make a run tiny are appended.
"""

import pathlib
import re
import shlex
import subprocess
from typing import Sequence

from absl.testing import absltest
from absl.testing import parameterized
import runfiles
import yaml

_CONTRIB = pathlib.Path(__file__).parent
_PROGRAM = re.compile(r'//tfmot_contrib:(train|optimize)')
_BAZEL_FLAGS = ('--test_output=all', '--test_tag_filters=-cpu')
_TINY = {
    'runtime': {'mixed_precision_dtype': 'float32'},
    'task': {
        'model': {
            'backbone': {
                'cifar_resnet': {'model_id': 8, 'depth_multiplier': 0.25},
                'mobilenet': {'filter_size_scale': 0.25},
            }
        }
    },
}


def commands(readme: str) -> list[list[str]]:
  """Returns the words of each command in the shell blocks of a README."""
  found = []
  for block in re.findall(r'^```shell\n(.*?)^```$', readme, re.DOTALL | re.M):
    for line in block.replace('\\\n', ' ').splitlines():
      if words := shlex.split(line, comments=True):
        found.append(words)
  return found


def smoke_config(folder: str, arguments: Sequence[str]) -> pathlib.Path:
  """Returns the file that makes a run of a command tiny.

  Args:
    folder: Of the README.
    arguments: Of the command.

  Returns:
    The one beside the config that the command names. If it names none, it is
    that of the baselines for a float experiment, and that of the folder
    otherwise.
  """
  text = ' '.join(arguments)
  named = re.search(r'tfmot_contrib/(\w+)/configs/|--technique=(\w+)/', text)
  if named:
    folder = named[1] or named[2]
  elif re.search(r'--experiment=\w+_cifar10(\s|$)', text):
    folder = 'baselines'
  return _CONTRIB / folder / 'configs/smoke.yaml'


def missing(label: str, targets: Sequence[str]) -> bool:
  """Tells whether a label or pattern of Bazel names none of the targets."""
  if label.endswith('/...'):
    below = label.removesuffix('...')
    folder = below.rstrip('/') + ':'
    return not any(target.startswith((below, folder)) for target in targets)
  if ':' not in label:
    label += ':' + label.rsplit('/', 1)[-1]
  # A row has a run and a record beside its test.
  row = label.removesuffix('_run').removesuffix('_record')
  return label not in targets and row not in targets


class CommandError(Exception):
  """A command of a README does not do what it says."""


class Runner:
  """Runs the commands of a README in a scratch folder."""

  def __init__(self, folder: str, scratch: pathlib.Path):
    """Initializes the runner.

    Args:
      folder: Of the README.
      scratch: Takes the place of /tmp.
    """
    self._folder = folder
    self._scratch = scratch
    self._runfiles = runfiles.Create()
    labels = self._find('cifar10/smoke/train_labels.npy')
    data = {'input_path': str(labels.parent)}
    self._tiny = scratch / 'tiny.yaml'
    task = {**_TINY['task'], 'train_data': data, 'validation_data': data}
    self._tiny.write_text(
        yaml.safe_dump({**_TINY, 'task': task}), encoding='utf-8'
    )

  def _find(self, path: str) -> pathlib.Path:
    """Returns a file that Bazel gave the test."""
    return pathlib.Path(self._runfiles.Rlocation(path))

  def _changed(self, argument: str) -> str:
    """Returns an argument with the places of the test."""
    argument = re.sub(r'(?<![\w.])/tmp(?=/)', str(self._scratch), argument)
    argument = argument.replace('$PWD', str(_CONTRIB.parent))
    if '$' in argument:
      raise CommandError(
          f'{argument} needs a shell variable that nobody has set'
      )
    return argument

  def _run(self, program: str, arguments: Sequence[str]) -> None:
    """Runs one of our programs, and fails if it does."""
    arguments = [self._changed(argument) for argument in arguments]
    smoke = smoke_config(self._folder, arguments)
    for config in (smoke, self._tiny):
      if config.exists():
        arguments.append(f'--config_file={config}')
    path = self._find(f'tfmot_models/tfmot_contrib/{program}')
    done = subprocess.run(
        [str(path), *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
      raise CommandError(f'exit code {done.returncode}: {done.stderr[-3000:]}')

  def _check(self, arguments: Sequence[str]) -> None:
    """Fails unless all that Bazel is to build or test exists."""
    targets = self._find('tfmot_models/tfmot_contrib/targets')
    targets = targets.read_text(encoding='utf-8').splitlines()
    for argument in arguments:
      if argument.startswith('-'):
        if argument not in _BAZEL_FLAGS:
          raise CommandError(f'{argument} is not a flag that this test knows')
      elif missing(argument, targets):
        raise CommandError(f'there is no target {argument}')

  def __call__(self, command: Sequence[str]) -> None:
    """Runs a command.

    Args:
      command: Its words.

    Raises:
      CommandError: It does not work, or nobody knows whether it does.
    """
    match command:
      case ['bazel', 'run', label, '--', *arguments] if _PROGRAM.fullmatch(
          label
      ):
        self._run(_PROGRAM.fullmatch(label)[1], arguments)
      case ['bazel', 'test' | 'build', *arguments] if arguments:
        self._check(arguments)
      case _:
        raise CommandError('this test cannot tell whether it works')


class ReadmeCommandsTest(parameterized.TestCase):

  @parameterized.parameters(
      *sorted(path.parent.name for path in _CONTRIB.glob('*/README.md'))
  )
  def test_readme_of(self, folder):
    runner = Runner(folder, pathlib.Path(self.create_tempdir().full_path))
    readme = _CONTRIB / folder / 'README.md'
    found = commands(readme.read_text(encoding='utf-8'))
    self.assertGreaterEqual(len(found), 2)
    for command in found:
      try:
        runner(command)
      except CommandError as error:
        self.fail(f'{shlex.join(command)}: {error}')

  def test_every_technique_has_a_readme(self):
    folders = {path.parent.parent for path in _CONTRIB.glob('*/configs/*.yaml')}
    self.assertGreaterEqual(len(folders), 2)
    self.assertEqual(
        folders, {path.parent for path in _CONTRIB.glob('*/README.md')}
    )

  def test_commands(self):
    text = (
        'bazel run\n\n```shell\na b \\\n  --c="d e"  # why\n\nf\n```\n'
        '```\nno command\n```\n```shell\ng\n```\n'
    )
    self.assertEqual(commands(text), [['a', 'b', '--c=d e'], ['f'], ['g']])

  @parameterized.parameters(
      ('pip install tfmot', 'cannot tell'),
      ('bazel run //tfmot_contrib:tarin -- --mode=eval', 'cannot tell'),
      ('bazel test', 'cannot tell'),
      ('bazel test //tfmot_contrib/pruning:resnet_sparsity8', 'no target'),
      ('bazel build //tfmot_contrib/prunning/...', 'no target'),
      ('bazel test //tfmot_contrib/pruning/... --nothing', 'not a flag'),
      ('bazel run //tfmot_contrib:train -- --config_file=$HOME/x', 'variable'),
      (
          (
              'bazel run //tfmot_contrib:train -- --mode=eval'
              ' --model_dir=/tmp/x --experiment=resnet_cifar10_pruning'
              ' --config_file=$PWD/tfmot_contrib/pruning/configs/sparsity8.yaml'
          ),
          'sparsity8.yaml.*No such file',
      ),
  )
  def test_wrong_command_fails(self, command, why):
    runner = Runner('pruning', pathlib.Path(self.create_tempdir().full_path))
    with self.assertRaisesRegex(CommandError, why):
      runner(shlex.split(command))

  def test_existing_targets(self):
    targets = ['//a/b:b', '//a/b/c:d']
    for label in (
        '//a/b:b_run',
        '//a/b/c:d_record',
        '//a/...',
        '//a/b/...',
        '//a/b',
        '//a/b:b',
        '//a/b/c:d',
    ):
      self.assertFalse(missing(label, targets), label)
    for label in ('//a/bb/...', '//a/b/...x', '//a', '//a/b/c', '//a/b:d'):
      self.assertTrue(missing(label, targets), label)


if __name__ == '__main__':
  absltest.main()
