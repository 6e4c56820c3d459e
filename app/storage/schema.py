"""The tables, as the statements that made them; text only.

A conversation's messages form a tree by `parent_id`; `active_leaf` names the branch shown.
Parents are checked at commit and never cascade, because a cascade down a long chat would
exceed SQLite's trigger depth. Full-text tables hold no text of their own; triggers keep them.
"""

_FIRST = (
    """CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE folder (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        parent_id INTEGER REFERENCES folder(id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        created_ms INTEGER NOT NULL
    )""",
    """CREATE INDEX folder_by_parent ON folder(parent_id, name)""",
    """CREATE TABLE conversation (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        uid TEXT NOT NULL UNIQUE,
        title TEXT NOT NULL,
        folder_id INTEGER REFERENCES folder(id) ON DELETE SET NULL,
        pinned INTEGER NOT NULL DEFAULT 0,
        archived INTEGER NOT NULL DEFAULT 0,
        trashed_ms INTEGER,
        model TEXT NOT NULL DEFAULT '',
        system_prompt TEXT NOT NULL DEFAULT '',
        sampling TEXT,
        draft TEXT NOT NULL DEFAULT '',
        active_leaf INTEGER REFERENCES message(id) ON DELETE SET NULL
            DEFERRABLE INITIALLY DEFERRED,
        messages INTEGER NOT NULL DEFAULT 0,
        created_ms INTEGER NOT NULL,
        updated_ms INTEGER NOT NULL,
        place TEXT GENERATED ALWAYS AS (
            CASE WHEN trashed_ms IS NOT NULL THEN 'trash'
                 WHEN archived THEN 'archive' ELSE 'chats' END) VIRTUAL
    )""",
    """CREATE INDEX conversation_by_place
        ON conversation(place, pinned DESC, updated_ms DESC, id DESC)""",
    """CREATE INDEX conversation_by_folder
        ON conversation(folder_id, place, pinned DESC, updated_ms DESC, id DESC)""",
    """CREATE INDEX conversation_by_leaf ON conversation(active_leaf)""",
    """CREATE TABLE message (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        conversation_id INTEGER NOT NULL REFERENCES conversation(id) ON DELETE CASCADE,
        parent_id INTEGER REFERENCES message(id) DEFERRABLE INITIALLY DEFERRED,
        role TEXT NOT NULL,
        status TEXT NOT NULL,
        model TEXT NOT NULL DEFAULT '',
        created_ms INTEGER NOT NULL,
        deleted_ms INTEGER,
        text TEXT NOT NULL,
        reasoning TEXT NOT NULL DEFAULT '',
        tool_call_id TEXT NOT NULL DEFAULT '',
        tool_calls TEXT,
        stats TEXT,
        error TEXT,
        parts BLOB
    )""",
    """CREATE INDEX message_by_parent ON message(parent_id, id, deleted_ms)
        WHERE parent_id IS NOT NULL""",
    """CREATE INDEX message_root ON message(conversation_id, id, deleted_ms)
        WHERE parent_id IS NULL""",
    """CREATE INDEX message_by_conversation ON message(conversation_id)""",
    """CREATE INDEX message_streaming ON message(id) WHERE status = 'streaming'""",
    """CREATE TABLE partial (
        message_id INTEGER PRIMARY KEY REFERENCES message(id) ON DELETE CASCADE,
        text TEXT NOT NULL,
        reasoning TEXT NOT NULL
    )""",
    """CREATE TABLE queued (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        conversation_id INTEGER NOT NULL REFERENCES conversation(id) ON DELETE CASCADE,
        text TEXT NOT NULL
    )""",
    """CREATE INDEX queued_by_conversation ON queued(conversation_id, id)""",
    """CREATE TABLE document (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL,
        kind TEXT NOT NULL,
        mime TEXT NOT NULL,
        text TEXT NOT NULL,
        data BLOB NOT NULL,
        tokens INTEGER NOT NULL,
        note TEXT NOT NULL
    )""",
    """CREATE TABLE attachment (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        document_id INTEGER NOT NULL REFERENCES document(id),
        message_id INTEGER REFERENCES message(id) ON DELETE CASCADE,
        queued_id INTEGER REFERENCES queued(id) ON DELETE CASCADE
    )""",
    """CREATE INDEX attachment_by_message ON attachment(message_id, id)""",
    """CREATE INDEX attachment_by_queued ON attachment(queued_id, id)""",
    """CREATE INDEX attachment_by_document ON attachment(document_id)""",
    """CREATE TRIGGER attachment_last_delete AFTER DELETE ON attachment BEGIN
        DELETE FROM document WHERE id = old.document_id
            AND NOT EXISTS (SELECT 1 FROM attachment WHERE document_id = old.document_id);
    END""",
    """CREATE TABLE excerpt (
        message_id INTEGER PRIMARY KEY REFERENCES message(id) ON DELETE CASCADE,
        quotes TEXT NOT NULL
    )""",
    """CREATE TABLE preset (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL,
        model TEXT NOT NULL,
        value TEXT NOT NULL,
        UNIQUE (name, model)
    )""",
    """CREATE TABLE segment (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        conversation_id INTEGER NOT NULL REFERENCES conversation(id) ON DELETE CASCADE,
        first_message_id INTEGER NOT NULL REFERENCES message(id) ON DELETE CASCADE,
        last_message_id INTEGER NOT NULL REFERENCES message(id) ON DELETE CASCADE,
        text TEXT NOT NULL,
        origin TEXT NOT NULL,
        tokens INTEGER NOT NULL,
        ledger TEXT NOT NULL,
        superseded_by INTEGER REFERENCES segment(id) ON DELETE SET NULL
            DEFERRABLE INITIALLY DEFERRED,
        created_ms INTEGER NOT NULL
    )""",
    """CREATE INDEX segment_by_conversation ON segment(conversation_id, id)""",
    """CREATE INDEX segment_by_first ON segment(first_message_id)""",
    """CREATE INDEX segment_by_last ON segment(last_message_id)""",
    """CREATE TABLE recall (
        message_id INTEGER PRIMARY KEY REFERENCES message(id) ON DELETE CASCADE,
        segment_id INTEGER NOT NULL,
        quotes TEXT NOT NULL
    )""",
    """CREATE INDEX recall_by_segment ON recall(segment_id)""",
    """CREATE INDEX segment_by_successor ON segment(superseded_by)""",
    # ------------------------------------------------------------ counts, kept by triggers
    """CREATE TABLE tally (
        place TEXT NOT NULL,
        folder_id INTEGER NOT NULL,
        conversations INTEGER NOT NULL,
        PRIMARY KEY (place, folder_id)
    ) WITHOUT ROWID""",
    """CREATE TRIGGER conversation_tally_insert AFTER INSERT ON conversation BEGIN
        INSERT INTO tally VALUES (new.place, ifnull(new.folder_id, 0), 1)
            ON CONFLICT DO UPDATE SET conversations = conversations + 1;
    END""",
    """CREATE TRIGGER conversation_tally_delete AFTER DELETE ON conversation BEGIN
        UPDATE tally SET conversations = conversations - 1
            WHERE place = old.place AND folder_id = ifnull(old.folder_id, 0);
    END""",
    """CREATE TRIGGER conversation_tally_update
    AFTER UPDATE OF folder_id, archived, trashed_ms ON conversation BEGIN
        UPDATE tally SET conversations = conversations - 1
            WHERE place = old.place AND folder_id = ifnull(old.folder_id, 0);
        INSERT INTO tally VALUES (new.place, ifnull(new.folder_id, 0), 1)
            ON CONFLICT DO UPDATE SET conversations = conversations + 1;
    END""",
    """CREATE TRIGGER message_count_insert AFTER INSERT ON message BEGIN
        UPDATE conversation SET messages = messages + 1 WHERE id = new.conversation_id;
    END""",
    """CREATE TRIGGER message_count_delete AFTER DELETE ON message BEGIN
        UPDATE conversation SET messages = messages - (old.deleted_ms IS NULL)
            WHERE id = old.conversation_id;
    END""",
    """CREATE TRIGGER message_count_hide AFTER UPDATE OF deleted_ms ON message BEGIN
        UPDATE conversation
            SET messages = messages + (new.deleted_ms IS NULL) - (old.deleted_ms IS NULL)
            WHERE id = new.conversation_id;
    END""",
    # ------------------------------------------------------------ search
    """CREATE VIRTUAL TABLE message_fts USING fts5(
        text, content='message', content_rowid='id', tokenize='chat', prefix='2 3')""",
    """CREATE TRIGGER message_fts_insert AFTER INSERT ON message BEGIN
        INSERT INTO message_fts(rowid, text) VALUES (new.id, new.text);
    END""",
    """CREATE TRIGGER message_fts_delete AFTER DELETE ON message BEGIN
        INSERT INTO message_fts(message_fts, rowid, text) VALUES ('delete', old.id, old.text);
    END""",
    """CREATE TRIGGER message_fts_update AFTER UPDATE OF text ON message BEGIN
        INSERT INTO message_fts(message_fts, rowid, text) VALUES ('delete', old.id, old.text);
        INSERT INTO message_fts(rowid, text) VALUES (new.id, new.text);
    END""",
    """CREATE VIRTUAL TABLE conversation_fts USING fts5(
        title, content='conversation', content_rowid='id', tokenize='chat', prefix='2 3')""",
    """CREATE TRIGGER conversation_fts_insert AFTER INSERT ON conversation BEGIN
        INSERT INTO conversation_fts(rowid, title) VALUES (new.id, new.title);
    END""",
    """CREATE TRIGGER conversation_fts_delete AFTER DELETE ON conversation BEGIN
        INSERT INTO conversation_fts(conversation_fts, rowid, title)
            VALUES ('delete', old.id, old.title);
    END""",
    """CREATE TRIGGER conversation_fts_update AFTER UPDATE OF title ON conversation BEGIN
        INSERT INTO conversation_fts(conversation_fts, rowid, title)
            VALUES ('delete', old.id, old.title);
        INSERT INTO conversation_fts(rowid, title) VALUES (new.id, new.title);
    END""",
)

_DOWNLOADS = (
    """CREATE TABLE download (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        uid TEXT NOT NULL UNIQUE,
        value TEXT NOT NULL
    )""",
)

_EMBEDDINGS = (
    # An empty vector says that there was nothing to embed.
    """CREATE TABLE embedding (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        message_id INTEGER NOT NULL REFERENCES message(id) ON DELETE CASCADE,
        model TEXT NOT NULL,
        part INTEGER NOT NULL,
        vector BLOB NOT NULL,
        UNIQUE (message_id, model, part)
    )""",
    """CREATE TRIGGER embedding_stale AFTER UPDATE OF text ON message
    WHEN old.text IS NOT new.text BEGIN
        DELETE FROM embedding WHERE message_id = old.id;
    END""",
)

STEPS: tuple[tuple[str, ...], ...] = (_FIRST, _DOWNLOADS, _EMBEDDINGS)
