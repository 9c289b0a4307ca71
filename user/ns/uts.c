// SPDX-License-Identifier: GPL-2.0
/* UTS namespace: host and domain name, as uname(2) tells. */
#include <string.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "image/image.h"
#include "image/utsns.pb-c.h"
#include "ns/ns.h"

static int uts_dump(struct dump *d, uint32_t id)
{
	UtsnsEntry e = UTSNS_ENTRY__INIT;
	struct utsname names;
	int ret;

	if (uname(&names))
		return -errno;
	e.nodename = names.nodename;
	e.domainname = names.domainname;
	ret = image_write_one(d->ctx.images_fd, IMG_UTSNS, id, &e.base);
	return ret ? fail(d->ctx.err, ret, "%s", image_error()) : 0;
}

static int uts_read(struct restore *r, uint32_t id)
{
	ProtobufCMessage *msg;
	int ret = image_read_one(r->ctx.images_fd, IMG_UTSNS, id, &utsns_entry__descriptor, &msg);

	if (ret)
		return fail(r->ctx.err, ret, "%s", image_error());
	r->ns->uts = (UtsnsEntry *)msg;
	return 0;
}

static int uts_restore(struct restore *r)
{
	const UtsnsEntry *e = r->ns->uts;

	if (sethostname(e->nodename, strlen(e->nodename)))
		return fail_errno(r->ctx.err, -errno, "setting the host name %s", e->nodename);
	if (setdomainname(e->domainname, strlen(e->domainname)))
		return fail_errno(r->ctx.err, -errno, "setting the domain name %s",
				  e->domainname);
	return 0;
}

const struct ns_kind uts_ns_kind = {
	.type = NS_UTS,
	.name = "uts",
	.clone_flag = CLONE_NEWUTS,
	.dump = uts_dump,
	.read = uts_read,
	.restore = uts_restore,
	.joinable = true,
};
