"""The site's settings for the crash rig: as they are, but every venue is allowed from here."""

from arbsite.settings import *  # noqa: F403

SCRIBE_SNAPSHOT_LOADER = "tests.crash.configuration.encoded_snapshot"
