// SPDX-License-Identifier: GPL-2.0
/*
 * crctl.ko: answers questions about tasks for checkpoint and restore. Here are
 * the device, the table of its commands and the way of every call: who asks,
 * how much of the structure both sides know, the command, the copy back.
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "kmod/compat/btf.h"
#include "kmod/kmod.h"

struct command {
	u32 size, min_size;	/* of the structure: now, and in its first version */
	u32 flags;		/* that are known */
	u64 feature;		/* CRCTL_HAS_*; 0: always there */
	bool (*works)(void);	/* NULL: on every kernel */
	int (*run)(struct session *s, void *arg);
};

static int query(struct session *s, void *arg);

#define LIST .size = sizeof(struct crctl_list), .min_size = sizeof(struct crctl_list)

static const struct command commands[] = {
	[_IOC_NR(CRCTL_QUERY)] = {
		.size = sizeof(struct crctl_query), .min_size = sizeof(struct crctl_query),
		.run = query,
	},
	[_IOC_NR(CRCTL_MAP_FILES)] = {
		LIST, .feature = CRCTL_HAS_MAP_FILES, .run = mm_map_files,
	},
	[_IOC_NR(CRCTL_FILES)] = {
		LIST, .feature = CRCTL_HAS_FILES, .run = file_list,
		.flags = CRCTL_FILES_LINKS | CRCTL_FILES_STAT,
	},
	[_IOC_NR(CRCTL_TASK)] = {
		.size = sizeof(struct crctl_task), .min_size = sizeof(struct crctl_task),
		.feature = CRCTL_HAS_TASK, .run = task_get,
	},
	[_IOC_NR(CRCTL_THREADS)] = {
		LIST, .feature = CRCTL_HAS_THREADS, .run = thread_list,
		.flags = CRCTL_THREADS_ONE,
	},
	[_IOC_NR(CRCTL_TIMERS)] = {
		LIST, .feature = CRCTL_HAS_TIMERS, .run = timer_list,
	},
	[_IOC_NR(CRCTL_AIO)] = {
		LIST, .feature = CRCTL_HAS_AIO, .works = aio_works, .run = aio_list,
	},
	[_IOC_NR(CRCTL_OVERLAY)] = {
		.size = sizeof(struct crctl_overlay), .min_size = sizeof(struct crctl_overlay),
		.feature = CRCTL_HAS_OVERLAY, .run = overlay_get,
	},
	[_IOC_NR(CRCTL_WATCHES)] = {
		LIST, .feature = CRCTL_HAS_WATCHES, .works = watch_works, .run = watch_list,
	},
	[_IOC_NR(CRCTL_URING)] = {
		.size = sizeof(struct crctl_uring), .min_size = sizeof(struct crctl_uring),
		.feature = CRCTL_HAS_URING, .works = uring_works, .run = uring_get,
	},
	[_IOC_NR(CRCTL_MEMORY)] = {
		.size = sizeof(struct crctl_memory), .min_size = sizeof(struct crctl_memory),
		.feature = CRCTL_HAS_MEMORY, .run = memory_copy,
	},
};

static bool command_works(const struct command *c)
{
	return c->run && (!c->works || c->works());
}

static int query(struct session *s, void *arg)
{
	struct crctl_query *q = arg;
	size_t i;

	if (q->pad)
		return -EINVAL;
	q->contract = CRCTL_CONTRACT;
	q->features = 0;
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (command_works(&commands[i]))
			q->features |= commands[i].feature;
	return 0;
}

u64 session_identity(const struct session *s, const void *object)
{
	u64 hash;

	if (!object)
		return 0;
	hash = siphash_1u64((uintptr_t)object, &s->key);
	return hash ? hash : 1;
}

static int argument_get(const struct command *c, void __user *from, void *arg, u32 *ret_size)
{
	u32 size;

	if (get_user(size, (u32 __user *)from))
		return -EFAULT;
	if (size < c->min_size)
		return -EINVAL;
	if (size > PAGE_SIZE * 4)
		return -E2BIG;
	*ret_size = size;
	return copy_struct_from_user(arg, c->size, from, size);
}

static int command_call(struct session *s, const struct command *c, void __user *user)
{
	u32 size, *arg;		/* every structure begins with size and flags */
	int ret;

	arg = kzalloc(c->size, GFP_KERNEL_ACCOUNT);
	if (!arg)
		return -ENOMEM;
	ret = argument_get(c, user, arg, &size);
	if (!ret && arg[1] & ~c->flags)
		ret = -EOPNOTSUPP;
	if (!ret)
		ret = c->run(s, arg);
	arg[0] = size;
	if ((!ret || ret == -EMSGSIZE) && copy_to_user(user, arg, min(size, c->size)))
		ret = -EFAULT;
	kfree(arg);
	return ret;
}

static long device_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	u32 nr = _IOC_NR(cmd);

	if (cmd != _IO(CRCTL_IOC, nr) || nr >= ARRAY_SIZE(commands) || !commands[nr].run)
		return -ENOTTY;
	if (!capable(CAP_CHECKPOINT_RESTORE) && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (!command_works(&commands[nr]))
		return -EOPNOTSUPP;
	return command_call(file->private_data, &commands[nr], (void __user *)arg);
}

static int device_open(struct inode *inode, struct file *file)
{
	struct session *s;

	if (!capable(CAP_CHECKPOINT_RESTORE) && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);
	if (!s)
		return -ENOMEM;
	get_random_bytes(&s->key, sizeof(s->key));
	file->private_data = s;
	return nonseekable_open(inode, file);
}

static int device_release(struct inode *inode, struct file *file)
{
	kfree_sensitive(file->private_data);
	return 0;
}

static const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "crctl",
	.fops = &device_fops,
	.mode = 0600,
};

static int __init crctl_init(void)
{
	btf_begin();
	return misc_register(&device);
}

static void __exit crctl_exit(void)
{
	misc_deregister(&device);
}

module_init(crctl_init);
module_exit(crctl_exit);

MODULE_DESCRIPTION("Answers for checkpoint and restore of processes");
MODULE_LICENSE("GPL");
