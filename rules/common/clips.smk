"""The clips of a render and of a person: which there are, and the files made of each."""


def of_target(file):
    """Input function: a file of the target clip of a render."""
    return lambda wildcards: f"<results>/clips/{render_of(wildcards).target}/{file}"


def of_face_clips(file):
    """Input function: a file of each clip that shows the person's face."""
    return lambda wildcards: [
        f"<results>/clips/{clip}/{file}" for clip in person_of(wildcards).face_clips
    ]


def of_voice_clips(file):
    """Input function: a file of each clip that carries the person's voice."""
    return lambda wildcards: [
        f"<results>/clips/{clip}/{file}" for clip in person_of(wildcards).voice_clips
    ]


def of_person(file):
    """Input function: a file made once for the person of a render."""
    return lambda wildcards: file.format(person=render_of(wildcards).person)


def target_is_own(wildcards):
    """Whether the target of a render is a file that shows the person already."""
    return project.target_is_own(wildcards.render)


def clips_in_use():
    """Ids of all clips that a render of the sheet needs."""
    clips = {}
    for render in project.renders.values():
        person = project.people[render.person]
        for clip in (*person.face_clips, *person.voice_clips, render.target):
            clips[clip] = None
    return list(clips)


def face_clips_in_use():
    """Ids of the clips in use whose faces are tracked: targets, and those that show a person."""
    return [
        clip
        for clip in clips_in_use()
        if any(
            clip == render.target or clip in project.people[render.person].face_clips
            for render in project.renders.values()
        )
    ]


def source_clip(wildcards):
    """The file that a clip's id stands for."""
    return str(project.clips[wildcards.clip].path)


def reference_picture(wildcards):
    """The picture of the person to follow in a clip, where the configuration names one."""
    face = project.clips[wildcards.clip].face
    return [face["picture"]] if face and "picture" in face else []


def wanted_by(wildcards):
    """Whose file asks for the sound of a clip, in words for an error message."""
    return [
        f"{person.name} lists it under {listed}"
        for person in project.people.values()
        for listed, clips in (
            ("voice", person.voice_clips),
            ("face", person.face_clips),
        )
        if wildcards.clip in clips
    ]


def heard_face_clips(wildcards):
    """Clips that show the person's face and carry the person's voice."""
    person = person_of(wildcards)
    return [clip for clip in person.face_clips if clip in person.voice_clips]
