#ifndef DB_FAULT_VFS_H
#define DB_FAULT_VFS_H

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/*
 * A file system for SQLite that fails on command: the real one with a switch
 * for each kind of failure.  fault_vfs_install() makes it the default for
 * every database opened afterwards.  Any thread may turn the switches.
 */
static struct {
	_Atomic int write;      /* result of writes from now on, or SQLITE_OK */
	_Atomic int sync;       /* the same of fsyncs */
	_Atomic long writes_ok; /* this many succeed before `write` counts */
	_Atomic long syncs;     /* fsyncs seen */
} fault;

struct fault_file {
	sqlite3_file base;
	sqlite3_file *real;
};

#define FAULT_REAL(f) (((struct fault_file *)(void *)(f))->real)

static int
fault_close(sqlite3_file *f)
{
	return FAULT_REAL(f)->pMethods->xClose(FAULT_REAL(f));
}

static int
fault_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
	return FAULT_REAL(f)->pMethods->xRead(FAULT_REAL(f), to, n, at);
}

static int
fault_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
	int rc = atomic_load(&fault.write);

	if (rc != SQLITE_OK && atomic_fetch_sub(&fault.writes_ok, 1) <= 0)
		return rc;
	return FAULT_REAL(f)->pMethods->xWrite(FAULT_REAL(f), from, n, at);
}

static int
fault_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	return FAULT_REAL(f)->pMethods->xTruncate(FAULT_REAL(f), size);
}

static int
fault_sync(sqlite3_file *f, int flags)
{
	int rc = atomic_load(&fault.sync);

	atomic_fetch_add(&fault.syncs, 1);
	if (rc != SQLITE_OK)
		return rc;
	return FAULT_REAL(f)->pMethods->xSync(FAULT_REAL(f), flags);
}

static int
fault_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return FAULT_REAL(f)->pMethods->xFileSize(FAULT_REAL(f), size);
}

static int
fault_lock(sqlite3_file *f, int level)
{
	return FAULT_REAL(f)->pMethods->xLock(FAULT_REAL(f), level);
}

static int
fault_unlock(sqlite3_file *f, int level)
{
	return FAULT_REAL(f)->pMethods->xUnlock(FAULT_REAL(f), level);
}

static int
fault_reserved(sqlite3_file *f, int *out)
{
	return FAULT_REAL(f)->pMethods->xCheckReservedLock(FAULT_REAL(f), out);
}

static int
fault_control(sqlite3_file *f, int op, void *arg)
{
	return FAULT_REAL(f)->pMethods->xFileControl(FAULT_REAL(f), op, arg);
}

static int
fault_sector(sqlite3_file *f)
{
	return FAULT_REAL(f)->pMethods->xSectorSize(FAULT_REAL(f));
}

static int
fault_traits(sqlite3_file *f)
{
	return FAULT_REAL(f)->pMethods->xDeviceCharacteristics(FAULT_REAL(f));
}

static int
fault_shm_map(
    sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
	return FAULT_REAL(f)->pMethods->xShmMap(
	    FAULT_REAL(f), page, size, extend, out);
}

static int
fault_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return FAULT_REAL(f)->pMethods->xShmLock(
	    FAULT_REAL(f), offset, n, flags);
}

static void
fault_shm_barrier(sqlite3_file *f)
{
	FAULT_REAL(f)->pMethods->xShmBarrier(FAULT_REAL(f));
}

static int
fault_shm_unmap(sqlite3_file *f, int delete)
{
	return FAULT_REAL(f)->pMethods->xShmUnmap(FAULT_REAL(f), delete);
}

static const sqlite3_io_methods fault_methods = {
	.iVersion = 2,
	.xClose = fault_close,
	.xRead = fault_read,
	.xWrite = fault_write,
	.xTruncate = fault_truncate,
	.xSync = fault_sync,
	.xFileSize = fault_size,
	.xLock = fault_lock,
	.xUnlock = fault_unlock,
	.xCheckReservedLock = fault_reserved,
	.xFileControl = fault_control,
	.xSectorSize = fault_sector,
	.xDeviceCharacteristics = fault_traits,
	.xShmMap = fault_shm_map,
	.xShmLock = fault_shm_lock,
	.xShmBarrier = fault_shm_barrier,
	.xShmUnmap = fault_shm_unmap,
};

static int
fault_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags,
    int *out_flags)
{
	struct fault_file *file = (struct fault_file *)(void *)f;
	sqlite3_vfs *real = vfs->pAppData;
	int rc;

	file->real = (sqlite3_file *)(void *)(file + 1);
	file->real->pMethods = NULL;
	rc = real->xOpen(real, name, file->real, flags, out_flags);
	file->base.pMethods =
	    file->real->pMethods == NULL ? NULL : &fault_methods;
	return rc;
}

static void
fault_vfs_install(void)
{
	static sqlite3_vfs vfs;
	sqlite3_vfs *real = sqlite3_vfs_find(NULL);

	if (real == NULL || vfs.zName != NULL)
		return;
	vfs = *real;
	vfs.zName = "fault";
	vfs.pNext = NULL;
	vfs.pAppData = real;
	vfs.szOsFile = (int)sizeof(struct fault_file) + real->szOsFile;
	vfs.xOpen = fault_open;
	if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK)
		abort();
}

static inline void
fault_none(void)
{
	atomic_store(&fault.write, SQLITE_OK);
	atomic_store(&fault.sync, SQLITE_OK);
	atomic_store(&fault.writes_ok, 0);
}

#endif
