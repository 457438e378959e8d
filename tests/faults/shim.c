/* Loaded before the C library: counts what processes do to files below one folder, and makes one of these calls fail.

   FAULT=COUNTER:AT:HOW:SKIP:UNDER   COUNTER is a file of 4 KiB that all processes share: how many calls there were so
   far (a long), whether the power is cut (a long), then the name and path of the call that was hit. The AT-th call is
   hit; HOW is
     kill   this process dies, after half of the bytes of a write
     cut    so does every process that touches a file from then on: what a power cut leaves
     eio    the call fails with EIO           enospc   with ENOSPC
     full   all calls from then on that need room fail with ENOSPC
     none   nothing, calls are only counted
   Paths that hold SKIP are not counted. CLOCK=SECONDS sets all clocks of the wall forward, or back.
   SHADOW=FOLDER: what is synced is copied there, as what a disk is sure to hold; see `power.py`. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct shared { long calls; long cut; char told[4000]; };
static struct shared *shared;
static long at, ahead_s;
static char how[16], under[PATH_MAX], skip[256];
static const char *shadow;

#define REAL(type, name, ...) static type (*real)(__VA_ARGS__); if (!real) real = dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) void fault_begin(void) {
    const char *plan = getenv("FAULT"), *clock = getenv("CLOCK");
    char counter[PATH_MAX];
    shared = NULL;
    ahead_s = clock ? atol(clock) : 0;
    shadow = getenv("SHADOW");
    skip[0] = 0;
    if (!plan || sscanf(plan, "%4000[^:]:%ld:%15[^:]:%255[^:]:%4000[^:]", counter, &at, how, skip, under) != 5) return;
    REAL(int, open64, const char *, int, ...);
    int descriptor = real(counter, O_RDWR | O_CLOEXEC);
    if (descriptor < 0) return;
    void *found = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    close(descriptor);
    if (found != MAP_FAILED) shared = found;
}

static int is_ours(const char *path) {
    return !strncmp(path, under, strlen(under)) && !strstr(path, skip);
}

/* 0: go on; -1: fail, errno is set; 1: die half-way */
static int hit_path(const char *name, const char *path, int needs_room) {
    if (!shared || !is_ours(path)) return 0;
    if (shared->cut) raise(SIGKILL);
    long number = __sync_add_and_fetch(&shared->calls, 1);
    if (!strcmp(how, "full") && number > at && needs_room) { errno = ENOSPC; return -1; }
    if (number != at || !strcmp(how, "none")) return 0;
    snprintf(shared->told, sizeof shared->told, "%s %s", name, path);
    if (!strcmp(how, "cut")) shared->cut = 1;
    if (!strcmp(how, "cut") || !strcmp(how, "kill")) return 1;
    if (!strcmp(how, "full") && !needs_room) return 0;
    errno = !strcmp(how, "eio") ? EIO : ENOSPC;
    return -1;
}

static const char *whole(int folder, const char *path, char *room) {
    if (path[0] == '/') return path;
    char link[64], base[PATH_MAX];
    if (folder == AT_FDCWD) strcpy(link, "/proc/self/cwd");
    else snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    ssize_t length = readlink(link, base, sizeof base - 1);
    if (length < 0) return path;
    base[length] = 0;
    if (snprintf(room, PATH_MAX, "%s/%s", base, path) < 0) return path;
    return room;
}

static int hit(const char *name, int folder, const char *path, int needs_room) {
    char room[PATH_MAX];
    if (!shared) return 0;
    int found = hit_path(name, whole(folder, path, room), needs_room);
    if (found == 1) raise(SIGKILL);
    return found;
}

static int hit_open(const char *name, int descriptor, int needs_room) {
    char link[64], path[PATH_MAX];
    if (!shared) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return hit_path(name, path, needs_room);
}

#define MODE mode_t mode = 0; if (flags & (O_CREAT | O_TMPFILE)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); }
#define OPEN(name) int name(const char *path, int flags, ...) { MODE REAL(int, name, const char *, int, ...); \
    if ((flags & O_CREAT) && hit("create", AT_FDCWD, path, 1)) return -1; return real(path, flags, mode); }
#define OPENAT(name) int name(int folder, const char *path, int flags, ...) { MODE REAL(int, name, int, const char *, int, ...); \
    if ((flags & O_CREAT) && hit("create", folder, path, 1)) return -1; return real(folder, path, flags, mode); }
OPEN(open) OPEN(open64) OPENAT(openat) OPENAT(openat64)

ssize_t write(int descriptor, const void *data, size_t size) {
    REAL(ssize_t, write, int, const void *, size_t);
    int found = hit_open("write", descriptor, 1);
    if (found == 1) { if (real(descriptor, data, size / 2) >= 0) {} raise(SIGKILL); }
    return found ? -1 : real(descriptor, data, size);
}
#define PWRITE(name, offset) ssize_t name(int descriptor, const void *data, size_t size, offset place) { \
    REAL(ssize_t, name, int, const void *, size_t, offset); int found = hit_open("pwrite", descriptor, 1); \
    if (found == 1) raise(SIGKILL); return found ? -1 : real(descriptor, data, size, place); }
PWRITE(pwrite, off_t) PWRITE(pwrite64, off64_t)
#define ON_OPEN(name, args, ...) { REAL(int, name, __VA_ARGS__); int found = hit_open(#name, descriptor, 0); \
    if (found == 1) raise(SIGKILL); return found ? -1 : real args; }

/* The file's bytes, or the folder's names and what they lead to: in the shadow, by the number of the inode. */
static void keep(int descriptor) {
    struct stat about;
    char link[64], part[PATH_MAX], whole_path[PATH_MAX], data[65536];
    if (!shared || !shadow || fstat(descriptor, &about)) return;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, data, PATH_MAX - 1);
    if (length < 0) return;
    data[length] = 0;
    if (strncmp(data, under, strlen(under))) return;
    REAL(int, open64, const char *, int, ...);
    static ssize_t (*real_write)(int, const void *, size_t);
    if (!real_write) real_write = dlsym(RTLD_NEXT, "write");
    snprintf(part, sizeof part, "%s/%d-%ld.tmp", shadow, getpid(), (long)about.st_ino);
    snprintf(whole_path, sizeof whole_path, "%s/%ld", shadow, (long)about.st_ino);
    int to = real(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (S_ISDIR(about.st_mode)) {
        DIR *folder = opendir(link);
        for (struct dirent *item; folder && (item = readdir(folder));)
            if (real_write(to, data, snprintf(data, sizeof data, "%ld %s", (long)item->d_ino, item->d_name) + 1) < 0) abort();
        if (folder) closedir(folder);
    } else {
        int from = real(link, O_RDONLY | O_CLOEXEC);
        for (ssize_t got; (got = read(from, data, sizeof data)) > 0;) if (real_write(to, data, got) != got) abort();
        close(from);
    }
    close(to);
    if (rename(part, whole_path)) abort();
}
#define SYNC(name) int name(int descriptor) { REAL(int, name, int); int found = hit_open(#name, descriptor, 0); \
    if (found == 1) raise(SIGKILL); if (found) return -1; found = real(descriptor); if (!found) keep(descriptor); return found; }
SYNC(fsync) SYNC(fdatasync)
int ftruncate(int descriptor, off_t size) ON_OPEN(ftruncate, (descriptor, size), int, off_t)
int ftruncate64(int descriptor, off64_t size) ON_OPEN(ftruncate64, (descriptor, size), int, off64_t)
#define ON_PATH(name, folder, path, room, args, ...) { REAL(int, name, __VA_ARGS__); \
    return hit(#name, folder, path, room) ? -1 : real args; }
int rename(const char *from, const char *to) ON_PATH(rename, AT_FDCWD, to, 0, (from, to), const char *, const char *)
int renameat(int a, const char *from, int b, const char *to) ON_PATH(renameat, b, to, 0, (a, from, b, to), int, const char *, int, const char *)
int link(const char *from, const char *to) ON_PATH(link, AT_FDCWD, to, 1, (from, to), const char *, const char *)
int linkat(int a, const char *from, int b, const char *to, int flags) ON_PATH(linkat, b, to, 1, (a, from, b, to, flags), int, const char *, int, const char *, int)
int mkdir(const char *path, mode_t mode) ON_PATH(mkdir, AT_FDCWD, path, 1, (path, mode), const char *, mode_t)
int mkdirat(int a, const char *path, mode_t mode) ON_PATH(mkdirat, a, path, 1, (a, path, mode), int, const char *, mode_t)
int unlink(const char *path) ON_PATH(unlink, AT_FDCWD, path, 0, (path), const char *)
int unlinkat(int a, const char *path, int flags) ON_PATH(unlinkat, a, path, 0, (a, path, flags), int, const char *, int)
int rmdir(const char *path) ON_PATH(rmdir, AT_FDCWD, path, 0, (path), const char *)

int clock_gettime(clockid_t which, struct timespec *now) {
    REAL(int, clock_gettime, clockid_t, struct timespec *);
    int found = real(which, now);
    if (!found && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE)) now->tv_sec += ahead_s;
    return found;
}
int gettimeofday(struct timeval *now, void *zone) {
    REAL(int, gettimeofday, struct timeval *, void *);
    int found = real(now, zone);
    if (!found) now->tv_sec += ahead_s;
    return found;
}
time_t time(time_t *place) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (place) *place = now.tv_sec;
    return now.tv_sec;
}
