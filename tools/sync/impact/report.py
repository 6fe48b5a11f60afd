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

"""The report of a sync: all that was found, for people and for machines.

`examine.py` fills a `Report`. It is printed, written as Markdown and JSON, and
the CHANGELOG entry and the commit message are drafted from it.
"""

import dataclasses
import json
import math
import re
from typing import Any, Mapping, NamedTuple, Sequence

from tools.sync.impact import api as api_lib
from tools.sync.impact import dependencies as dependencies_lib
from tools.sync.impact import drafts
from tools.sync.impact import files as files_lib
from tools.sync.impact import licences as licences_lib
from tools.sync.impact import markdown
from tools.sync.impact import probe as probe_lib
from tools.sync.impact import stale as stale_lib
from tools.sync.impact import terminal

SCHEMA = 1
# A number sign that nothing stands before: neither a repository nor a path.
_ISSUE = re.compile(r'(?<![\w/&.#-])#(\d+)\b')


class Identity(NamedTuple):
  """Which upstream a mirror is of.

  Attributes:
    name: Of the package, repository or folder.
    version: A release, a ref, or empty for a folder.
    resolved: What that was: `wheel` and `sha256`, or `commit`.
    pristine: The digest of the tree as upstream has it.
    patched: The digest of the tree with the fork's patches.
  """

  name: str
  version: str = ''
  resolved: Mapping[str, str] = {}
  pristine: str = ''
  patched: str = ''

  @property
  def short(self) -> str:
    """The version, or as much of the commit as people read."""
    return self.resolved.get('commit', '')[:12] or self.version or self.name


class Verdict(NamedTuple):
  """What became of a patch: clean, rebased, absorbed or conflict."""

  name: str
  subject: str
  verdict: str
  note: str = ''


class Commit(NamedTuple):
  """A commit of upstream's log."""

  commit: str
  author: str
  date: str
  subject: str


def qualify(text: str, repository: str) -> str:
  """Says of which repository an issue is, since it is not one of this fork.

  Args:
    text: A text of upstream's.
    repository: `owner/name` of upstream on GitHub.

  Returns:
    The text with `owner/name#12` for `#12`; others are left alone.
  """
  return _ISSUE.sub(rf'{repository}#\1', text)


def _plain(value: Any) -> Any:
  """Returns what JSON has for a value."""
  if dataclasses.is_dataclass(value):
    value = {
        field.name: getattr(value, field.name)
        for field in dataclasses.fields(value)
    }
  elif hasattr(value, '_asdict'):
    value = value._asdict()
  if isinstance(value, Mapping):
    return {str(key): _plain(item) for key, item in value.items()}
  if isinstance(value, list | tuple):
    return [_plain(item) for item in value]
  if isinstance(value, float) and not math.isfinite(value):
    return str(value)
  return value


@dataclasses.dataclass(frozen=True)
class Report:
  """What a sync changes and what that means.

  Attributes:
    old: Which upstream the mirror was of; None for the first sync.
    new: Which it is of.
    repository: `owner/name` of upstream on GitHub.
    patches: What became of each patch.
    log: Upstream's commits in between, newest first; None without history.
    files: The files that differ; None for the first sync.
    api: The changes of the API that touch our code.
    stale: The convergence tests whose evidence is stale.
    runs: How many convergence tests there are.
    probe: What the numeric probe found; None when it was not made.
    why_no_probe: Why it was not made.
    dependencies: What changes in what the mirror needs.
    licences: What changes in the licences; None for the first sync.
  """

  new: Identity
  old: Identity | None = None
  repository: str = 'tensorflow/models'
  patches: Sequence[Verdict] = ()
  log: Sequence[Commit] | None = None
  files: files_lib.FileChanges | None = None
  api: Sequence[api_lib.Change] = ()
  stale: Sequence[stale_lib.Stale] = ()
  runs: int = 0
  probe: Sequence[probe_lib.Result] | None = None
  why_no_probe: str = ''
  dependencies: dependencies_lib.Dependencies | None = None
  licences: licences_lib.Licences | None = None

  def terminal(self) -> str:
    """Returns the report for a terminal, with what to do next."""
    return terminal.render(self)

  def markdown(self) -> str:
    """Returns the report as Markdown."""
    return markdown.render(self)

  def json(self) -> str:
    """Returns the report for machines; equal reports are equal texts."""
    found = _plain(self) | {'schema': SCHEMA}
    if self.files:
      # As in the other formats: over a thousand names would say nothing.
      found['files']['trivial'] = len(self.files.trivial)
    return json.dumps(found, indent=2, sort_keys=True) + '\n'

  def changelog_entry(self) -> str:
    """Returns a draft of the entry in CHANGELOG.md."""
    return drafts.changelog_entry(self)

  def commit_message(self) -> str:
    """Returns a draft of the commit message."""
    return drafts.commit_message(self)
